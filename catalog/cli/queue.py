"""The verb `queue`: what is pending, who works, and bringing both together."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.feature_set_options import feature_set_option, or_needed
from catalog.cli.common.output import echo, format_options, print_json, print_rows, say
from catalog.settings import Settings
from catalog.text import pluralize

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


@click.group()
def queue() -> None:
    """What is pending, who works, and bringing both together."""


@queue.command("status")
@feature_set_option
@format_options
@pass_settings
def status_verb(settings: Settings, feature_sets: tuple[FeatureSet, ...], output_format: str) -> None:
    """Show what is pending, what failed, and the workers with what they are at work on.

    All but the number of jobs is asked of the database. Where the Redis does not answer the rest is shown all the same,
    and the exit code is 1.
    """
    from workers.broker.broker import BrokerUnreachableError
    from workers.state.queue_status import count_jobs, queue_status

    jobs, silence = None, None
    with open_catalog(settings) as database:
        status = queue_status(database, or_needed(database, feature_sets))
        try:
            jobs = count_jobs(database, settings)
        except BrokerUnreachableError as error:
            silence = error
    _print_status(status, jobs, output_format, has_broker=silence is None)
    if silence is not None:
        raise silence


def _print_status(status: QueueStatus, jobs: int | None, output_format: str, *, has_broker: bool) -> None:
    if output_format == "json":
        figures = {"jobs": jobs, "minutes_left": status.minutes_left, "advice": status.advice}
        print_json({**asdict(status), **figures})
        return
    if output_format == "table":
        in_queue = "no broker is running" if has_broker else "the broker does not answer"
        if jobs is not None:
            in_queue = f"{pluralize(jobs, 'job')} in the queue"
        echo(
            f"{status.pending:,} pending, {status.claimed:,} of them claimed; {status.failed:,} failed; {in_queue}"
        )
        left = status.minutes_left
        remaining = "" if not status.pending or left is None else f", {_duration(left)} left"
        echo(
            f"{status.analyzed_last_minute:,} analyzed in the last minute, {status.tracks_a_minute:,.1f} a minute "
            f"over the last five{remaining}; {pluralize(len(status.workers), 'worker')}"
        )
        if status.out_of_reach:
            echo(f"{pluralize(status.out_of_reach, 'pending track')} in folders that this host does not have")
    if status.workers or output_format == "csv":
        print_rows([asdict(one) for one in status.workers], output_format, COLUMNS)
    if status.advice is not None:
        say(status.advice)


def _duration(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


@queue.command("sync")
@feature_set_option
@pass_settings
def sync_verb(settings: Settings, feature_sets: tuple[FeatureSet, ...]) -> None:
    """Give back what dead workers had claimed and feed the queue from the database, once.

    Workers that run do both by themselves; this is for when none does. Where the Redis does not answer the tracks are
    given back all the same, and the exit code is 1.
    """
    from workers.broker.broker import BrokerUnreachableError, find_broker
    from workers.state.queue_status import synchronize

    broker, silence = None, None
    try:
        broker = find_broker(settings.redis_url, settings.run)
    except BrokerUnreachableError as error:
        silence = error
    with open_catalog(settings) as database:
        dead, fed = synchronize(database, broker, or_needed(database, feature_sets))
    echo(f"{pluralize(dead, 'dead worker')} found, {pluralize(fed, 'track')} put into the queue")
    if silence is not None:
        raise silence
    if broker is None:
        say("no broker is running, so nothing was put into a queue; run: catalog analyze")
