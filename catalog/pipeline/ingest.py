"""The main job, in its order: scan, labels, analysis, learning, predictions, duplicates, audit, report."""

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
from catalog.collection.collection_counts import count_collection
from catalog.collection.labels.labels import LabelsReport, import_labels
from catalog.collection.roots import find_root
from catalog.collection.scan.scan import ScanReport, scan
from catalog.db.database import Database
from catalog.db.query.saved_queries import saved_query
from catalog.db.retry import retry_until_connected
from catalog.db.tables import decision, failure, track, track_status
from catalog.features.stored_feature_set import active_feature_set
from catalog.learning.dataset.labeled_tracks import load_broader
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
from catalog.pipeline.album_sample import AlbumSample, draw_album_sample
from catalog.report.report_files import write_report_folder
from catalog.settings import Settings
from workers.broker.job_queue import TIME_LIMIT
from workers.host.capacity import fitting_workers
from workers.host.worker_options import WorkerOptions
from workers.pool.analyze_pending import AnalysisReport, analyze_pending
from workers.pool.executor import open_executor
from workers.state.analysis_progress import Progress


@dataclass(frozen=True)
class IngestReport:
    """What to do."""

    roots: Sequence[Path]
    labels: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """What the columns of the labels file are called, by role."""
    genres: Sequence[str] = ()
    """For zero-shot, where there is too little to learn from."""
    rule: ClassRule = field(default_factory=lambda: ClassRule(10, 5, "leaf"))
    feature_sets: Sequence[str] | None = None
    """What to compute beside `musicnn`; None: what the trained model in force learned from, without one the usual ones."""
    workers: int | None = None
    time_limit: int = TIME_LIMIT
    """Seconds for one track."""
    rules: WorkerOptions | None = None
    """For the workers."""
    sample: int | None = None
    """Analyze about so many tracks, album by album, and stop there."""
    on_scan: Callable[[int, int | None, str], None] | None = None
    on_analysis: Callable[[Progress], None] | None = None


@dataclass(frozen=True)
class Scanned:
    """The folders were scanned."""

    reports: Sequence[ScanReport]


@dataclass(frozen=True)
class Labeled:
    """The list of labels was read."""

    report: LabelsReport


@dataclass(frozen=True)
class FailureKind:
    """Files that failed for the same reason."""

    reason: str
    files: int
    message: str
    """Of one of them."""
    path: str


@dataclass(frozen=True)
class Analyzed:
    """The pending tracks were heard."""

    report: AnalysisReport
    failures: Sequence[FailureKind]
    """Of all tracks in these collections, now or earlier."""
    sample: AlbumSample | None


@dataclass(frozen=True)
class Trained:
    """A model is in force."""

    training: TrainingReport
    model_id: int | None
    """None where nothing could be heard, so that there is none."""
    names: Mapping[int, str]
    """Of the genres in the training's support."""
    is_new: bool = False
    """Whether the model was not in force before."""
    predictions: int = 0
    """How many are new or have changed."""
    unheard_genres: Sequence[str] = ()
    """Genres that were asked for and that zero-shot has no ear for."""

    @property
    def is_zero_shot(self) -> bool:
        """Whether there was too little to learn from."""
        return self.training.model_id is None and self.model_id is not None


@dataclass(frozen=True)
class Suggested:
    """The untagged tracks and where their suggestions come from."""

    untagged: int
    by: dict[str, int]
    """Tracks by `album`, `artist`, `sound`, `zero_shot`."""
    confident: int
    """Those with a suggestion that the saved question `untagged-confident` shows."""

    @property
    def unknown(self) -> int:
        """Tracks that got no suggestion."""
        return self.untagged - sum(self.by.values())


@dataclass(frozen=True)
class Deduplicated:
    """Tracks that may be one recording were looked for."""

    duplicates: DuplicateAudit


@dataclass(frozen=True)
class Audited:
    """The labels were doubted."""

    audit: LabelAudit


@dataclass(frozen=True)
class Reported:
    """The report is written, or is still true."""

    path: Path


Stage: TypeAlias = Scanned | Labeled | Analyzed | Trained | Suggested | Deduplicated | Audited | Reported


def run_ingest(database: Database, settings: Settings, job: IngestReport) -> Iterator[Stage]:
    """Does the whole job and gives what each stage came to, as soon as it is done.

    Every stage can be killed and run again; what is done already is not done again. Raises what the stages raise:
    CollectionRootError, LabelFileError, UnmappedGenresError, BrokerUnreachableError, WorkersFailedError, ReportWriteError.
    """
    news = _Changes()
    with database.read() as connection:
        for root in job.roots:
            find_root(
                connection, os.fsencode(root)
            )  # a slip in the last path is said before the first is scanned
    scans = [scan(database, root, on_progress=job.on_scan) for root in job.roots]
    news.add(*(one.files != one.unchanged or one.missing for one in scans))
    if job.labels is None:
        yield Scanned(scans)
    else:
        labels = import_labels(database, job.labels, columns=job.columns)
        news.add(labels.statements, labels.filled)
        yield Scanned(_counted_again(database, scans))
        yield Labeled(labels)
    with database.read() as connection:
        # Only now: a genre that is new in the files can be named too.
        require_genres(connection, job.genres)
    inside = track.c.collection_id.in_([one.collection_id for one in scans])
    analyzed = _analyze(database, settings, job, inside)
    news.add(analyzed.report.analyzed, analyzed.report.failed, analyzed.report.missing)
    yield analyzed
    # A stage during which the database went away is begun again: what it had done, it finds.
    learned = retry_until_connected(partial(_learn, database, settings, job))
    news.add(learned.is_new, learned.predictions)
    yield learned
    with database.read() as connection:
        yield _answered(connection)
    compared = Deduplicated(retry_until_connected(partial(audit_duplicates, database)))
    news.add(compared.duplicates.is_new)
    yield compared
    if learned.model_id is not None:
        audited = Audited(retry_until_connected(partial(audit_labels, database)))
        news.add(audited.audit.is_new)
        yield audited
    path = settings.report / "index.html"
    if news.found or not _is_current(database, path):
        retry_until_connected(
            partial(write_report_folder, database, settings.report, command=settings.command)
        )
    yield Reported(path)


def _counted_again(database: Database, scans: Sequence[ScanReport]) -> list[ScanReport]:
    """The reports with the artists, albums and genres that a list of labels brought."""
    counted = []
    with database.read() as connection:
        for one in scans:
            assert one.collection_id is not None, "only a dry run leaves a collection without a row"
            totals = count_collection(connection, one.collection_id)
            counted.append(
                replace(
                    one,
                    artists=totals.artists,
                    albums=totals.albums,
                    spellings=list(totals.spellings),
                )
            )
    return counted


class _Changes:
    """Whether a run found or did anything."""

    found = False

    def add(self, *what: object) -> None:
        self.found = self.found or any(what)


def _is_current(database: Database, report: Path) -> bool:
    """Whether the report is there and nobody has decided anything since."""
    try:
        written = datetime.fromtimestamp(report.stat().st_mtime, UTC)
    except OSError:
        return False
    with database.read() as connection:
        decided = connection.execute(sa.select(sa.func.max(decision.c.decided_at))).scalar()
    return decided is None or decided < written


def _analyze(
    database: Database, settings: Settings, job: IngestReport, inside: ColumnElement[bool]
) -> Analyzed:
    with database.read() as connection:
        recipes = [feature_set(name) for name in feature_sets_to_compute(connection, job.feature_sets)]
    sample = None if job.sample is None else draw_album_sample(database, inside, job.sample)
    report = analyze_pending(
        database,
        settings,
        recipes,
        workers=job.workers,
        where=inside if sample is None else sa.and_(inside, track.c.id.in_(sample.track_ids)),
        time_limit=job.time_limit,
        rules=job.rules,
        on_progress=job.on_analysis,
    )
    with database.read() as connection:
        return Analyzed(report, _failure_kinds(connection, inside), sample)


def _learn(database: Database, settings: Settings, job: IngestReport) -> Trained:
    with database.read() as connection:
        _, names = load_broader(connection)
        learn_from = default_feature_sets(connection)
        wanted = options_of_active_model(connection, TrainingOptions(rule=job.rule, feature_sets=learn_from))
    spread = partial(open_executor, database, settings, job.workers or fitting_workers(), job.rules)
    try:
        training = train(database, settings.models, wanted, spread=spread)
    except NoVectorsError as error:
        return Trained(TrainingReport("nothing to learn", str(error), None, {}), None, names)
    if training.outcome == "nothing to learn":
        return _guess(database, settings, job, training, names, spread)
    if training.outcome == "unchanged" and training.model_id is not None:
        changed = fill_predictions(database, settings.models, training.model_id, spread=spread)
        return Trained(training, training.model_id, names, predictions=changed)
    return Trained(training, training.model_id, names, is_new=True)


def _guess(
    database: Database,
    settings: Settings,
    job: IngestReport,
    training: TrainingReport,
    names: Mapping[int, str],
    spread: ExecutorFactory,
) -> Trained:
    """Zero-shot, because there is too little to learn from."""
    with database.write() as connection:
        recipe = active_feature_set(connection, PRIMARY)
        assert recipe is not None, "training would have said that nothing was heard"
        model = ensure_zero_shot(connection, job.genres, recipe.id, training.support, training.reason)
    changed = fill_predictions(database, settings.models, model.model_id, spread=spread)
    if model.is_new:
        with database.write() as connection:
            promote(connection, model.model_id)
    return Trained(
        training,
        model.model_id,
        names,
        is_new=model.is_new,
        predictions=changed,
        unheard_genres=model.unheard,
    )


def _answered(connection: Connection) -> Suggested:
    question = saved_query("untagged-confident", connection.dialect.name)
    shown = sa.text(question.text).columns(sa.column("track_id")).subquery()
    confident = connection.execute(
        sa.select(sa.func.count()).select_from(shown), {"least": float(question.defaults["least"])}
    ).scalar_one()
    rows = connection.execute(
        sa.select(track_status.c.suggested_by, sa.func.count().label("tracks"))
        .join_from(track_status, track)
        .where(track_status.c.tagged_genre_id.is_(None), track.c.state != "missing")
        .group_by(track_status.c.suggested_by)
    ).all()
    answered = [row for row in rows if row.suggested_by is not None]
    return Suggested(
        sum(row.tracks for row in rows),
        {row.suggested_by: row.tracks for row in answered},
        confident,
    )


def _failure_kinds(connection: Connection, inside: ColumnElement[bool]) -> list[FailureKind]:
    rows = connection.execute(
        sa.select(
            failure.c.reason,
            sa.func.count(failure.c.track_id.distinct()),
            sa.func.min(failure.c.message),
            sa.func.min(track.c.path),
        )
        .join_from(failure, track)
        .where(inside, track.c.state == "present")
        .group_by(failure.c.reason)
        .order_by(sa.func.count(failure.c.track_id.distinct()).desc(), failure.c.reason)
    )
    return [FailureKind(*row) for row in rows]
