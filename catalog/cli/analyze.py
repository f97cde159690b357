"""`catalog analyze`: extract features from tracks that lack them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from catalog.cli.common.analysis_options import feature_set_option, given_or_needed, limit_options
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.output import echo_summary, logs_json, say
from catalog.cli.common.progress import progress
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet
    from catalog.features.stored_feature_set import StoredFeatureSet


@click.command()
@feature_set_option
@click.option("--collection", "name", metavar="NAME", help="Only the tracks of this collection.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes.  [default: one per core, as memory allows]",
)
@limit_options
@dry_run_option
@pass_settings
def analyze(
    settings: Settings,
    feature_sets: tuple[FeatureSet, ...],
    name: str | None,
    workers: int | None,
    time_limit: int,
    memory_limit: int,
    dry_run: bool,
) -> int:
    """Extract features from tracks that lack them.

    Your files are only read. Run it again at any time; an interrupted run continues. Exit code 3: finished, but some
    files failed. A failed file is retried when it changes, or after `catalog failures retry`.
    """
    from workers.host.worker_options import WorkerOptions
    from workers.pool.analyze_pending import analyze_pending

    with open_catalog(settings) as database:
        feature_sets = given_or_needed(database, feature_sets)
        where = None if name is None else track.c.collection_id == _collection(database, name)
        if dry_run:
            _print_pending(database, feature_sets, where)
            return 0
        with progress("analyzing") as advance:
            report = analyze_pending(
                database,
                settings,
                feature_sets,
                workers=workers,
                where=where,
                time_limit=time_limit,
                options=WorkerOptions(memory_limit=memory_limit, is_log_json=logs_json()),
                on_progress=lambda state: advance(state.done, state.total, state.remark),
            )
        inactive = _inactive_versions(database, feature_sets)
    echo_summary(
        f"{pluralize(report.analyzed, 'track')} analyzed in {report.seconds:.0f} s, {report.failed:,} failed"
    )
    if report.missing:
        say(f"{report.missing:,} files no longer exist; their tracks are marked missing")
    if report.unmounted:
        say(f"{report.unmounted:,} tracks were skipped: their disk is not mounted")
    for version in inactive:
        say(
            f"another version of {version.name} is active; to switch to version {version.version}: "
            f"catalog features activate {version.name} {version.hash[:8]}"
        )
    if report.failed:
        say("list the failures: catalog failures list")
    return EXIT_FILES_FAILED if report.failed else 0


def _inactive_versions(database: Database, feature_sets: tuple[FeatureSet, ...]) -> list[StoredFeatureSet]:
    """Returns the extracted feature sets whose version is not the active one."""
    from catalog.features.stored_feature_set import find_feature_set

    with database.read() as connection:
        stored = [find_feature_set(connection, features.hash) for features in feature_sets]
    return [version for version in stored if version is not None and not version.active]


def _collection(database: Database, name: str) -> int:
    with database.read() as connection:
        collection_id = connection.execute(
            sa.select(collection.c.id).where(collection.c.name == name)
        ).scalar()
    if collection_id is None:
        raise click.UsageError(f"there is no collection {name!r}; see: catalog collections list")
    return int(collection_id)


def _print_pending(
    database: Database, feature_sets: tuple[FeatureSet, ...], where: sa.ColumnElement[bool] | None
) -> None:
    from workers.state.queue_status import count_pending

    with database.read() as connection:
        count = count_pending(connection, feature_sets, where)
    echo_summary(f"{pluralize(count, 'track')} would be analyzed")
