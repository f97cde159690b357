"""`catalog queue`: show or repair the analysis queue."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog.cli.common.analysis_options import feature_set_option, given_or_needed
from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, echo_summary, format_options, print_json, print_rows, say
from catalog.settings import Settings
from catalog.text import describe_duration, pluralize

if TYPE_CHECKING:
    from catalog.audio.feature_set import FeatureSet
    from workers.state.queue_status import QueueStatus

COLUMNS = (
    "name",
    "host",
    "pid",
    "version",
    "seconds_silent",
    "track_id",
    "path",
    "seconds_at_it",
    "analyzed",
    "failed",
    "seconds_a_track",
)


@click.group(cls=CommandGroup)
def queue() -> None:
    """Show or repair the analysis queue."""


@queue.command("status")
@feature_set_option
@format_options
@pass_settings
def status_verb(settings: Settings, feature_sets: tuple[FeatureSet, ...], output_format: str) -> None:
    """Show pending and failed tracks, and the workers.

    Only the number of jobs comes from Redis, the rest from the database. If Redis does not answer, the rest is still
    shown and the exit code is 1.
    """
    from workers.broker.broker import BrokerUnreachableError
    from workers.state.queue_status import count_jobs, queue_status

    jobs, broker_error = None, None
    with open_catalog(settings) as database:
        status = queue_status(database, given_or_needed(database, feature_sets))
        try:
            jobs = count_jobs(database, settings)
        except BrokerUnreachableError as error:
            broker_error = error
    _print_status(status, jobs, output_format, has_broker=broker_error is None)
    if broker_error is not None:
        raise broker_error


def _print_status(status: QueueStatus, jobs: int | None, output_format: str, *, has_broker: bool) -> None:
    if output_format == "json":
        figures = {"jobs": jobs, "minutes_left": status.minutes_left, "advice": status.advice}
        print_json({**asdict(status), **figures})
        return
    if output_format == "table":
        queue_state = "Redis is not running" if has_broker else "Redis does not answer"
        if jobs is not None:
            queue_state = f"{pluralize(jobs, 'job')} in the queue"
        echo(
            f"{status.pending:,} pending, {status.claimed:,} of them claimed; {status.failed:,} failed; {queue_state}"
        )
        minutes = status.minutes_left
        remaining = (
            "" if not status.pending or minutes is None else f", {describe_duration(60 * minutes)} left"
        )
        echo(
            f"{status.analyzed_last_minute:,} analyzed in the last minute, {status.tracks_a_minute:,.1f} per minute "
            f"over the last five minutes{remaining}; {pluralize(len(status.workers), 'worker')}"
        )
        if status.unmounted:
            echo(
                f"{pluralize(status.unmounted, 'pending track')} in folders that are not available on this host"
            )
    if status.workers or output_format == "csv":
        print_rows([asdict(worker) for worker in status.workers], output_format, COLUMNS)
    if status.advice is not None:
        say(status.advice)


@queue.command("sync")
@feature_set_option
@pass_settings
def sync_verb(settings: Settings, feature_sets: tuple[FeatureSet, ...]) -> None:
    """Release claims of dead workers and refill the queue once.

    Running workers do both automatically. If Redis does not answer, the claims are still released and the exit code
    is 1.
    """
    from workers.broker.broker import BrokerUnreachableError, find_broker
    from workers.state.queue_status import synchronize

    broker, broker_error = None, None
    try:
        broker = find_broker(settings.redis_url, settings.run)
    except BrokerUnreachableError as error:
        broker_error = error
    with open_catalog(settings) as database:
        dead, fed = synchronize(database, broker, given_or_needed(database, feature_sets))
    echo_summary(f"{pluralize(dead, 'dead worker')} found, {pluralize(fed, 'track')} added to the queue")
    if broker_error is not None:
        raise broker_error
    if broker is None:
        say("Redis is not running, so the queue was not filled; run: catalog analyze")
