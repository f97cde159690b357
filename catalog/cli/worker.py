"""The verb `worker`: worker processes that run until they are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.context import open_catalog, pass_settings
from catalog.cli.feature_sets import feature_set_option
from catalog.cli.output import say
from catalog.settings import Settings

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet


@click.command()
@feature_set_option
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_envvar=True,
    help="Worker processes.",
)
@click.option(
    "--time-limit",
    type=click.IntRange(min=1),
    default=120,
    metavar="SECONDS",
    show_envvar=True,
    help="A track that takes longer is given up.",
)
@pass_settings
def worker(settings: Settings, feature_sets: tuple[FeatureSet, ...], workers: int, time_limit: int) -> None:
    """Run a worker until it is stopped: it takes up whatever is pending, now and later.

    Run it on as many hosts as you like: all with the same --database-url and --redis-url, and with the files under
    the same path. SIGTERM or Ctrl-C lets it finish the present track, a second one does not wait.
    """
    from workers.long_running import work_until_stopped

    with open_catalog(settings) as database:
        work_until_stopped(
            database,
            settings,
            feature_sets,
            workers=workers,
            time_limit=time_limit,
            on_start=lambda: say(
                f"working with {workers} processes until stopped; see: catalog queue status"
            ),
        )
