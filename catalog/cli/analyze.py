"""The verb `analyze`: computes features of the tracks that lack them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.exit_codes import EXIT_FILES_FAILED
from catalog.cli.common.feature_set_options import feature_set_option, or_needed
from catalog.cli.common.limit_options import limit_options
from catalog.cli.common.output import echo, logs_json, progress, say
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet
    from catalog.features.stored_feature_set import StoredFeatureSet
    from workers.state.analysis_progress import AnalysisReport, Progress


@click.command()
@feature_set_option
@click.option(
    "--collection", "name", metavar="NAME", show_envvar=True, help="Only the tracks of this collection."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    show_envvar=True,
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
    """Compute features here and now: of every track that lacks them, and of no other.

    Files are only read. A second time there is nothing to do; after an interruption it goes on. The exit code is 3
    where files failed; they are not tried again until they change, or until `catalog failures retry`.
    """
    with open_catalog(settings) as database:
        feature_sets = or_needed(database, feature_sets)
        where = None if name is None else track.c.collection_id == _collection(database, name)
        if dry_run:
            _print_pending(database, feature_sets, where)
            return 0
        report = _analyze(database, settings, feature_sets, where, workers, time_limit, memory_limit)
        idle = _idle(database, feature_sets)
    echo(
        f"{pluralize(report.analyzed, 'track')} analyzed in {report.seconds:.0f} s, {report.failed:,} failed"
    )
    if report.missing:
        say(f"{report.missing:,} files are not there any more; they are missing now")
    if report.out_of_reach:
        say(f"{report.out_of_reach:,} tracks wait for a disk that is not mounted")
    for each in idle:
        say(
            f"{each.name} still stands for another version; "
            f"to use version {each.version}: catalog features use {each.name} {each.hash[:8]}"
        )
    if report.failed:
        say("see what failed: catalog failures list")
    return EXIT_FILES_FAILED if report.failed else 0


def _analyze(
    database: Database,
    settings: Settings,
    feature_sets: tuple[FeatureSet, ...],
    where: sa.ColumnElement[bool] | None,
    workers: int | None,
    time_limit: int,
    memory_limit: int,
) -> AnalysisReport:
    from workers.host.worker_options import WorkerOptions
    from workers.pool.analyze_pending import analyze_pending

    rules = WorkerOptions(memory_limit=memory_limit, is_log_json=logs_json())
    with progress("listening") as advance:

        def show(now: Progress) -> None:
            advance(now.done, now.total, now.remark)

        return analyze_pending(
            database,
            settings,
            feature_sets,
            workers=workers,
            where=where,
            time_limit=time_limit,
            rules=rules,
            on_progress=show,
        )


def _idle(database: Database, feature_sets: tuple[FeatureSet, ...]) -> list[StoredFeatureSet]:
    """The recipes that were computed though their names stand for other versions."""
    from catalog.features.stored_feature_set import find_feature_set

    with database.read() as connection:
        found = [find_feature_set(connection, features.hash) for features in feature_sets]
    return [recipe for recipe in found if recipe is not None and not recipe.active]


def _collection(database: Database, name: str) -> int:
    with database.read() as connection:
        found = connection.execute(sa.select(collection.c.id).where(collection.c.name == name)).scalar()
    if found is None:
        raise click.UsageError(f"there is no collection {name!r}; see: catalog collections list")
    return int(found)


def _print_pending(
    database: Database, feature_sets: tuple[FeatureSet, ...], where: sa.ColumnElement[bool] | None
) -> None:
    from workers.state.queue_status import count_pending

    with database.read() as connection:
        count = count_pending(connection, feature_sets, where)
    echo(f"{pluralize(count, 'track')} would be analyzed")
