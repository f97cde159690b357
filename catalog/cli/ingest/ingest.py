"""`catalog ingest`: the main job, and what it says in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, paths_argument
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.feature_set_options import require_feature_sets
from catalog.cli.common.limit_options import limit_options
from catalog.cli.common.output import echo, is_quiet, logs_json, print_json, progress, say, warn
from catalog.cli.labels import parse_columns
from catalog.cli.train.train import class_rule_options
from catalog.settings import Settings
from catalog.text import pluralize


@click.command()
@paths_argument
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV list of genres: path or external_id, genre, and any of artist, album, title.",
)
@click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="What a column of the labels is called, such as genre=Stil; may be repeated or separated by commas.",
)
@click.option(
    "--genres",
    metavar="LIST",
    help="Genres to choose among where too little is tagged to learn from, separated by commas.",
)
@class_rule_options
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    callback=require_feature_sets,
    help="Compute this beside musicnn; may be repeated.  [default: what the model in force learned from, else summary]",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: one per core]"
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Listen to about N tracks first, whole albums drawn at random, and say how long all would take.",
)
@limit_options
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on stdout, instead of words.")
@dry_run_option
@pass_settings
def ingest(
    settings: Settings,
    paths: tuple[Path, ...],
    labels: Path | None,
    columns: tuple[str, ...],
    genres: str | None,
    min_tracks: int,
    min_artists: int,
    feature_sets: tuple[str, ...],
    workers: int | None,
    sample: int | None,
    time_limit: int,
    memory_limit: int,
    as_json: bool,
    dry_run: bool,
) -> int:
    """Listen to folders of music: scan, analyze, learn, predict, audit, report.

    Files are only read. The same command again does only what is new; killed in the middle, it goes on from there.
    Exit code 3 says that it is done, and that some files could not be analyzed.
    """
    from catalog.cli.ingest.ingest_output import IngestPresenter, analysis_remark
    from catalog.learning.dataset.snapshot import ClassRule
    from catalog.pipeline.ingest import IngestReport, run_ingest
    from workers.host.worker_options import WorkerOptions

    roles = parse_columns(columns)
    with open_catalog(settings, create=True, dry_run=dry_run) as database:
        if dry_run:
            return _dry_run(database, paths, as_json)
        words = IngestPresenter(settings)
        echo = say if as_json else _print
        if not is_quiet():
            for line in words.beginning():
                echo(line)
        with progress("listening") as advance:
            job = IngestReport(
                roots=paths,
                labels=labels,
                columns=roles,
                genres=[name.strip() for name in (genres or "").split(",") if name.strip()],
                rule=ClassRule(min_tracks, min_artists, "leaf"),
                feature_sets=feature_sets or None,
                workers=workers,
                time_limit=time_limit,
                rules=WorkerOptions(memory_limit=memory_limit, is_log_json=logs_json()),
                sample=sample,
                on_scan=advance,
                on_analysis=lambda now: advance(now.done, now.total, analysis_remark(now)),
            )
            for stage in run_ingest(database, settings, job):
                for line in words.of(stage):
                    echo(line)
                for warning in words.warnings(stage):
                    warn(warning)
        if as_json:
            print_json(words.summary)
        else:
            for line in words.end():
                echo(line)
    return EXIT_FILES_FAILED if words.failed else 0


def _print(line: str) -> None:
    echo(line)


def _dry_run(database: Any, paths: tuple[Path, ...], as_json: bool) -> int:
    from catalog.collection.scan.scan import scan

    reports = [scan(database, path, dry_run=True) for path in paths]
    if as_json:
        listed = [
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
        print_json({"dry_run": True, "collections": listed})
        return 0
    for report in reports:
        _print(
            f"would bring in {report.added:,} new and {report.changed:,} changed of "
            f"{pluralize(report.files, 'file')} in {report.root}; nothing was changed"
        )
    return 0
