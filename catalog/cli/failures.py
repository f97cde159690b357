"""`catalog failures`: list or retry tracks whose analysis failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click
import sqlalchemy as sa

from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo_summary, format_options, print_rows, say
from catalog.cli.common.standard_input import expand_arguments
from catalog.collection.track_lookup import find_track
from catalog.db.tables import failure
from catalog.settings import Settings
from catalog.text import pluralize

COLUMNS = (
    "track_id",
    "collection",
    "path",
    "stage",
    "feature_set",
    "reason",
    "message",
    "attempts",
    "failed_at",
)


@click.group(cls=CommandGroup)
def failures() -> None:
    """List or retry tracks whose analysis failed."""


@failures.command("list")
@click.option("--reason", help="Only failures of this reason, such as too-short.")
@format_options
@pass_settings
def list_verb(settings: Settings, reason: str | None, output_format: str) -> None:
    """List failed tracks and why they failed."""
    from workers.state.failures import list_failures

    with open_catalog(settings) as database, database.read() as connection:
        rows = [asdict(each) for each in list_failures(connection, _condition(reason))]
    print_rows(rows, output_format, COLUMNS)


@failures.command("retry")
@click.argument("tracks", nargs=-1, metavar="[TRACK]...")
@click.option("--reason", help="Only failures of this reason, such as unreadable.")
@dry_run_option
@pass_settings
def retry_verb(settings: Settings, tracks: tuple[str, ...], reason: str | None, dry_run: bool) -> None:
    """Mark failed tracks as pending again: the given ones, or all.

    TRACK is an id, a path, an external id, or a part of the title or path; - reads tracks from standard input, one
    per line. A failed track is retried automatically when its file changes. Use this command after other repairs, such
    as fixed permissions.
    """
    from workers.state.failures import retry

    names = expand_arguments(tracks)
    with open_catalog(settings) as database, database.write() as connection:
        track_ids = [find_track(connection, name) for name in names]
        count = retry(connection, _condition(reason, track_ids), dry_run=dry_run)
    verb = "would be" if dry_run else "is" if count == 1 else "are"
    echo_summary(f"{pluralize(count, 'track')} {verb} pending again")
    if count and not dry_run:
        say("to analyze again, run: catalog analyze")
    elif not count and (tracks or reason is not None):
        say("no failure matches the track or reason; see: catalog failures list")


def _condition(reason: str | None, track_ids: Sequence[int] = ()) -> sa.ColumnElement[bool]:
    has_reason = sa.true() if reason is None else failure.c.reason == reason
    is_named = failure.c.track_id.in_(track_ids) if track_ids else sa.true()
    return sa.and_(has_reason, is_named)
