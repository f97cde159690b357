"""`catalog worker`: run analysis workers until they are stopped."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar

import click

from catalog.cli.common.analysis_options import feature_set_option, given_or_needed, limit_options
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import logs_json, say
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet


class Mapping(click.ParamType[str]):
    """OLD=NEW, two absolute paths."""

    name = "OLD=NEW"
    envvar_list_splitter: ClassVar[str] = os.pathsep

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checks the syntax and returns the text unchanged."""
        from workers.host.root_mapping import RootMapping, RootMappingError

        try:
            RootMapping.parse([value])
        except RootMappingError as error:
            self.fail(str(error), param, ctx)
        return value


@click.command()
@feature_set_option
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes.  [default: one per core, as memory allows]",
)
@click.option(
    "--root",
    "roots",
    type=Mapping(),
    multiple=True,
    help="Map the catalog's folder OLD to NEW on this host. Repeatable.",
)
@limit_options
@click.option(
    "--metrics-port",
    type=click.IntRange(min=1, max=65_535),
    metavar="PORT",
    help="Serve /metrics (Prometheus), /healthz and /readyz on this port.  [default: off]",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Address for the metrics, which contain no track names.",
)
@pass_settings
def worker(
    settings: Settings,
    feature_sets: tuple[FeatureSet, ...],
    workers: int | None,
    roots: tuple[str, ...],
    time_limit: int,
    memory_limit: int,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Run analysis workers until they are stopped.

    Run it on any number of hosts with the same --database-url and --redis-url. Use --root if a host has the files
    under another path; tracks without a readable file are left to other hosts. SIGTERM or Ctrl-C finishes the current
    tracks, a second one returns them to the queue immediately.
    """
    from workers.host.capacity import default_worker_count
    from workers.host.root_mapping import RootMapping
    from workers.host.worker_options import WorkerOptions
    from workers.pool.long_running import work_until_stopped
    from workers.state.prometheus_metrics import serve_metrics

    size = workers or default_worker_count()
    options = WorkerOptions(RootMapping.parse(roots), True, memory_limit, logs_json())
    with open_catalog(settings) as database, ExitStack() as stack:
        feature_sets = given_or_needed(database, feature_sets)
        stack.enter_context(serve_metrics(database, settings, feature_sets, metrics_host, metrics_port))
        work_until_stopped(
            database,
            settings,
            feature_sets,
            workers=size,
            time_limit=time_limit,
            options=options,
            on_start=lambda queue: say(
                f"catalog worker {version('music-catalog')} started: {pluralize(size, 'process', 'processes')}, "
                f"feature sets {', '.join(each.name for each in feature_sets)}, "
                f"queue {queue}, database {database.place}"
            ),
            on_stop=lambda tracks: say(f"catalog worker stopped after {pluralize(tracks, 'track')}"),
        )
