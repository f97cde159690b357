"""Pipeline of `catalog ingest`: scan, labels, analysis, training, predictions, duplicates, audit, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.audio.feature_sets.installed import feature_set
from catalog.audit.duplicates.duplicate_audit import DuplicateAudit, audit_duplicates
from catalog.audit.labels.label_audit import LabelAudit, audit_labels
from catalog.collection.collection_contents import count_collection
from catalog.collection.labels.labels import LabelsReport, import_labels
from catalog.collection.renamed_roots import find_scan_root
from catalog.collection.scan.scan import scan
from catalog.collection.scan.scan_report import ScanReport
from catalog.db.database import Database
from catalog.db.query.saved_queries import saved_query
from catalog.db.retry import retry_until_connected
from catalog.db.tables import decision, failure, track, track_status
from catalog.features.stored_feature_set import active_feature_set
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.dataset.training_feature_sets import NoVectorsError
from catalog.learning.prediction.batch_inference import ExecutorFactory
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.default_feature_sets import (
    PRIMARY,
    default_feature_sets,
    feature_sets_to_compute,
)
from catalog.learning.registry.registry import promote
from catalog.learning.registry.zero_shot_model import ensure_zero_shot, require_genres
from catalog.learning.training import TrainingReport, options_of_active_model, train
from catalog.learning.training_options import TrainingOptions
from catalog.pipeline.random_albums import AlbumSample, draw_album_sample
from catalog.report.model_card import write_report_folder
from catalog.settings import Settings
from workers.broker.job_queue import DEFAULT_TIME_LIMIT
from workers.host.capacity import default_worker_count
from workers.host.worker_options import WorkerOptions
from workers.pool.analysis_run import AnalysisReport, Progress
from workers.pool.analyze_pending import analyze_pending
from workers.pool.executor import open_executor

STAGES = ("scanning", "analyzing", "training", "predicting", "auditing", "reporting")
"""Names of the stages, in their order."""


@dataclass(frozen=True)
class IngestOptions:
    """Input and settings of a run."""

    roots: Sequence[Path]
    labels: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column names of the labels file, by role."""
    genres: Sequence[str] = ()
    """Candidate genres for zero-shot suggestions, used if there are too few labels to train."""
    rule: ClassRule = field(default_factory=lambda: ClassRule(10, 5, "leaf"))
    feature_sets: Sequence[str] | None = None
    """Feature sets besides `musicnn`; None: those of the active trained model, else the default ones."""
    workers: int | None = None
    time_limit: int = DEFAULT_TIME_LIMIT
    """Seconds per track."""
    rules: WorkerOptions | None = None
    sample: int | None = None
    """Analyze about this many tracks, in whole albums; None: all."""
    reread: bool = False
    """Read the tags of all files again."""
    tag_encoding: str | None = None
    """As in `scan`."""
    on_stage: Callable[[str], None] = lambda _stage: None
    """Receives each of STAGES when it starts."""
    on_scan: Callable[[int, int | None, str], None] | None = None
    on_analysis: Callable[[Progress], None] | None = None


@dataclass(frozen=True)
class Scanned:
    """Scan reports, one per folder."""

    reports: Sequence[ScanReport]


@dataclass(frozen=True)
class Labeled:
    """Report of the label import."""

    report: LabelsReport


@dataclass(frozen=True)
class FailureKind:
    """Files that failed for the same reason, with an example."""

    reason: str
    files: int
    message: str
    path: str


@dataclass(frozen=True)
class Analyzed:
    """Report of the feature extraction."""

    report: AnalysisReport
    failures: Sequence[FailureKind]
    """Of all tracks in these collections, from this run or an earlier one."""
    sample: AlbumSample | None


@dataclass(frozen=True)
class Trained:
    """Outcome of the training, or of the zero-shot fallback."""

    training: TrainingReport
    model_id: int | None
    """The active model; None if no track has features."""
    names: Mapping[int, str]
    """Genre names by id."""
    is_new: bool = False
    """Whether this run activated the model."""
    predictions: int = 0
    """Number of new and changed predictions."""
    unsupported_genres: Sequence[str] = ()
    """Candidate genres that zero-shot cannot suggest: no tag of the networks maps to them."""

    @property
    def is_zero_shot(self) -> bool:
        """Whether there were too few labels to train."""
        return self.training.model_id is None and self.model_id is not None


@dataclass(frozen=True)
class Suggested:
    """Untagged tracks and the sources of their suggestions."""

    untagged: int
    by: dict[str, int]
    """Number of tracks by source: `album`, `artist`, `audio`, `zero_shot`."""
    confident: int
    """Number of tracks that the saved query `untagged-confident` returns."""

    @property
    def unknown(self) -> int:
        """Number of tracks without a suggestion."""
        return self.untagged - sum(self.by.values())


@dataclass(frozen=True)
class Deduplicated:
    """Report of the duplicate audit."""

    duplicates: DuplicateAudit


@dataclass(frozen=True)
class Audited:
    """Report of the label audit."""

    audit: LabelAudit


@dataclass(frozen=True)
class Reported:
    """Path of the HTML report, which is up to date."""

    path: Path


Stage: TypeAlias = Scanned | Labeled | Analyzed | Trained | Suggested | Deduplicated | Audited | Reported


def run_ingest(database: Database, settings: Settings, options: IngestOptions) -> Iterator[Stage]:
    """Runs all stages and yields the outcome of each one when it is done.

    Every stage can be interrupted and run again; completed work is not repeated. Raises the errors of the stages:
    CollectionRootError, CsvSourceError, UnknownGenreError, UnmappedGenresError, BrokerUnreachableError,
    WorkersFailedError, ReportWriteError.
    """
    changes = _Changes()
    options.on_stage("scanning")
    with database.read() as connection:
        for root in options.roots:
            # Report an error in the last path before the first one is scanned.
            find_scan_root(connection, os.fsencode(root))
    scans = [
        scan(
            database,
            root,
            on_progress=options.on_scan,
            reread=options.reread,
            tag_encoding=options.tag_encoding,
        )
        for root in options.roots
    ]
    changes.add(*(one.files != one.unchanged or one.missing for one in scans))
    if options.labels is None:
        yield Scanned(scans)
    else:
        labels = import_labels(database, options.labels, columns=options.columns)
        changes.add(labels.statements, labels.filled)
        yield Scanned(_recount(database, scans))
        yield Labeled(labels)
    with database.read() as connection:
        # After the scan, so that a genre that is new in the files is accepted too.
        require_genres(connection, options.genres)
    options.on_stage("analyzing")
    in_collections = track.c.collection_id.in_([one.collection_id for one in scans])
    analyzed = _analyze(database, settings, options, in_collections)
    changes.add(analyzed.report.analyzed, analyzed.report.failed, analyzed.report.missing)
    yield analyzed
    options.on_stage("training")
    # After a lost connection a stage runs again and skips the work that it had committed.
    trained = retry_until_connected(partial(_train, database, settings, options))
    changes.add(trained.is_new, trained.predictions)
    yield trained
    with database.read() as connection:
        yield _suggested(connection)
    options.on_stage("auditing")
    deduplicated = Deduplicated(retry_until_connected(partial(audit_duplicates, database)))
    changes.add(deduplicated.duplicates.is_new)
    yield deduplicated
    if trained.model_id is not None:
        audited = Audited(retry_until_connected(partial(audit_labels, database)))
        changes.add(audited.audit.is_new)
        yield audited
    options.on_stage("reporting")
    path = settings.report / "index.html"
    if changes.any or not _is_current(database, path):
        retry_until_connected(
            partial(write_report_folder, database, settings.report, command=settings.command)
        )
    yield Reported(path)


def _recount(database: Database, scans: Sequence[ScanReport]) -> list[ScanReport]:
    """Returns the reports with the artists, albums and genres that the labels file added."""
    counted = []
    with database.read() as connection:
        for one in scans:
            assert one.collection_id is not None, "only a dry run leaves a collection without a row"
            totals = count_collection(connection, one.collection_id)
            counted.append(
                replace(one, artists=totals.artists, albums=totals.albums, spellings=list(totals.spellings))
            )
    return counted


class _Changes:
    """Whether a run changed anything."""

    any = False

    def add(self, *counts: object) -> None:
        self.any = self.any or any(counts)


def _is_current(database: Database, report: Path) -> bool:
    """Whether the report exists and is newer than the last decision."""
    try:
        written = datetime.fromtimestamp(report.stat().st_mtime, UTC)
    except OSError:
        return False
    with database.read() as connection:
        decided = connection.execute(sa.select(sa.func.max(decision.c.decided_at))).scalar()
    return decided is None or decided < written


def _analyze(
    database: Database, settings: Settings, options: IngestOptions, in_collections: ColumnElement[bool]
) -> Analyzed:
    with database.read() as connection:
        recipes = [feature_set(name) for name in feature_sets_to_compute(connection, options.feature_sets)]
    sample = None if options.sample is None else draw_album_sample(database, in_collections, options.sample)
    report = analyze_pending(
        database,
        settings,
        recipes,
        workers=options.workers,
        where=in_collections if sample is None else sa.and_(in_collections, track.c.id.in_(sample.track_ids)),
        time_limit=options.time_limit,
        options=options.rules,
        on_progress=options.on_analysis,
    )
    with database.read() as connection:
        return Analyzed(report, _failure_kinds(connection, in_collections), sample)


def _train(database: Database, settings: Settings, options: IngestOptions) -> Trained:
    with database.read() as connection:
        _, names = load_broader(connection)
        defaults = TrainingOptions(rule=options.rule, feature_sets=default_feature_sets(connection))
        training_options = options_of_active_model(connection, defaults)
    executor_factory = partial(
        open_executor, database, settings, options.workers or default_worker_count(), options.rules
    )
    try:
        training = train(
            database,
            settings.models,
            training_options,
            executor_factory=executor_factory,
            on_stage=options.on_stage,
        )
    except NoVectorsError as error:
        return Trained(TrainingReport("nothing to learn", str(error), None, {}), None, names)
    options.on_stage("predicting")
    if training.outcome == "nothing to learn":
        return _zero_shot(database, settings, options, training, names, executor_factory)
    if training.outcome == "unchanged" and training.model_id is not None:
        changed = fill_predictions(
            database, settings.models, training.model_id, executor_factory=executor_factory
        )
        return Trained(training, training.model_id, names, predictions=changed)
    return Trained(training, training.model_id, names, is_new=True)


def _zero_shot(
    database: Database,
    settings: Settings,
    options: IngestOptions,
    training: TrainingReport,
    names: Mapping[int, str],
    executor_factory: ExecutorFactory,
) -> Trained:
    """Activates a zero-shot model, because there are too few labels to train."""
    with database.write() as connection:
        recipe = active_feature_set(connection, PRIMARY)
        assert recipe is not None, "training raises NoVectorsError without vectors"
        model = ensure_zero_shot(connection, options.genres, recipe.id, training.support, training.reason)
    changed = fill_predictions(database, settings.models, model.model_id, executor_factory=executor_factory)
    if model.is_new:
        with database.write() as connection:
            promote(connection, model.model_id)
    return Trained(
        training,
        model.model_id,
        names,
        is_new=model.is_new,
        predictions=changed,
        unsupported_genres=model.unmapped,
    )


def _suggested(connection: Connection) -> Suggested:
    query = saved_query("untagged-confident", connection.dialect.name)
    confident_tracks = sa.text(query.text).columns(sa.column("track_id")).subquery()
    confident = connection.execute(
        sa.select(sa.func.count()).select_from(confident_tracks), {"least": float(query.defaults["least"])}
    ).scalar_one()
    rows = connection.execute(
        sa.select(track_status.c.suggested_by, sa.func.count().label("tracks"))
        .join_from(track_status, track)
        .where(track_status.c.tagged_genre_id.is_(None), track.c.state != "missing")
        .group_by(track_status.c.suggested_by)
    ).all()
    suggested = [row for row in rows if row.suggested_by is not None]
    return Suggested(
        sum(row.tracks for row in rows), {row.suggested_by: row.tracks for row in suggested}, confident
    )


def _failure_kinds(connection: Connection, in_collections: ColumnElement[bool]) -> list[FailureKind]:
    rows = connection.execute(
        sa.select(
            failure.c.reason,
            sa.func.count(failure.c.track_id.distinct()),
            sa.func.min(failure.c.message),
            sa.func.min(track.c.path),
        )
        .join_from(failure, track)
        .where(in_collections, track.c.state == "present")
        .group_by(failure.c.reason)
        .order_by(sa.func.count(failure.c.track_id.distinct()).desc(), failure.c.reason)
    )
    return [FailureKind(*row) for row in rows]
