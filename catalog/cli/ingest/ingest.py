"""`catalog ingest`: analyze folders of music in one command."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from catalog.cli.common.analysis_options import limit_options, require_feature_sets
from catalog.cli.common.class_options import class_rule_options
from catalog.cli.common.column_options import parse_columns
from catalog.cli.common.command_group import examples, renamed_option
from catalog.cli.common.context import (
    dry_run_option,
    open_catalog,
    pass_settings,
    paths_argument,
    reread_option,
    tag_encoding_option,
)
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import echo_summary, is_quiet, logs_json, print_json, say
from catalog.cli.common.progress import stage_progress
from catalog.db.database import Database
from catalog.settings import Settings
from catalog.text import pluralize


@click.command(
    epilog=examples(
        "catalog ingest ~/Music",
        "catalog ingest ~/Music --sample 200",
        "catalog ingest ~/Music --labels genres.csv --columns path=File,genre=Genre",
    )
)
@paths_argument
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file of genre labels: path or external_id, genre; optional: artist, album, title.",
)
@click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Name of a column in the labels file, such as genre=Stil. Repeatable, or separated by commas.",
)
@click.option(
    "--genre",
    "genres",
    multiple=True,
    metavar="GENRE",
    help="Candidate genre for zero-shot suggestions if there are too few labels to train. Repeatable.",
)
@renamed_option("--genres", "--genre GENRE, repeatable")
@class_rule_options
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    callback=require_feature_sets,
    help="Feature set to extract besides musicnn. Repeatable.  [default: those of the active model, else summary]",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: one per core]"
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Analyze about N tracks (random whole albums) and estimate the time for the rest.",
)
@reread_option
@tag_encoding_option
@limit_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@dry_run_option
@pass_settings
def ingest(
    settings: Settings,
    paths: tuple[Path, ...],
    labels: Path | None,
    columns: tuple[str, ...],
    genres: tuple[str, ...],
    min_tracks: int,
    min_artists: int,
    feature_sets: tuple[str, ...],
    workers: int | None,
    sample: int | None,
    reread: bool,
    tag_encoding: str | None,
    time_limit: int,
    memory_limit: int,
    as_json: bool,
    dry_run: bool,
) -> int:
    """Analyze folders of music in one command.

    Scans, extracts features, trains, predicts, audits and writes the report.
    Your files are only read. Run it again at any time: only new and changed files are processed, and an interrupted
    run continues. Exit code 3: finished, but some files could not be analyzed.
    """
    from catalog.cli.ingest.ingest_output import IngestPresenter
    from catalog.learning.dataset.snapshot import ClassRule
    from catalog.pipeline.ingest import STAGES, IngestOptions, run_ingest
    from workers.host.worker_options import WorkerOptions

    roles = parse_columns(columns)
    check = partial(_check_input, settings=settings, paths=paths, labels=labels, roles=roles)
    with open_catalog(settings, create=True, dry_run=dry_run, check=check) as database:
        if dry_run:
            return _dry_run(database, paths, as_json, reread=reread, tag_encoding=tag_encoding)
        presenter = IngestPresenter(settings)
        print_line = say if as_json else echo_summary
        if not is_quiet():
            for line in presenter.introduction():
                print_line(line)
        with stage_progress(*STAGES) as stages:
            job = IngestOptions(
                roots=paths,
                labels=labels,
                columns=roles,
                genres=genres,
                rule=ClassRule(min_tracks, min_artists, "leaf"),
                feature_sets=feature_sets or None,
                workers=workers,
                time_limit=time_limit,
                rules=WorkerOptions(memory_limit=memory_limit, is_log_json=logs_json()),
                sample=sample,
                reread=reread,
                tag_encoding=tag_encoding,
                on_stage=stages.start,
                on_scan=stages.advance,
                on_analysis=lambda now: stages.advance(now.done, now.total, now.remark),
            )
            for stage in run_ingest(database, settings, job):
                presenter.show(stage, print_line)
        if as_json:
            print_json(presenter.summary)
        else:
            for line in presenter.next_steps():
                echo_summary(line)
    return EXIT_FILES_FAILED if presenter.failed else 0


def _check_input(
    database: Database,
    settings: Settings,
    paths: tuple[Path, ...],
    labels: Path | None,
    roles: dict[str, str],
) -> None:
    """Checks folders, the labels file and the Redis server before the catalog is created."""
    from catalog.collection.labels.label_file import read_label_file
    from catalog.collection.scan.scan import require_audio
    from workers.broker.broker import find_broker

    require_audio(database, paths)
    if labels is not None:
        read_label_file(labels, roles)
    if settings.redis_url is not None:
        find_broker(settings.redis_url, settings.run)


def _dry_run(
    database: Database, paths: tuple[Path, ...], as_json: bool, *, reread: bool, tag_encoding: str | None
) -> int:
    from catalog.collection.scan.scan import scan

    reports = [scan(database, path, reread=reread, tag_encoding=tag_encoding, dry_run=True) for path in paths]
    if as_json:
        collections = [
            {
                "name": report.collection,
                "root": report.root,
                "files": report.files,
                "new": report.added,
                "changed": report.changed,
                "missing": report.missing,
            }
            for report in reports
        ]
        print_json({"dry_run": True, "collections": collections})
        return 0
    for report in reports:
        echo_summary(
            f"would add {report.added:,} new and update {report.changed:,} changed of "
            f"{pluralize(report.files, 'file')} in {report.root}; nothing was changed"
        )
    return 0
