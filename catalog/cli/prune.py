"""`catalog prune`: remove tracks whose files have long been missing."""

from __future__ import annotations

import click

from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo_summary, say
from catalog.collection.removal import prune as prune_tracks
from catalog.settings import Settings
from catalog.text import pluralize


@click.command()
@click.option(
    "--days", type=FiniteRange(min=0), default=90, help="Minimum days since a scan last found the file."
)
@dry_run_option
@yes_option
@pass_settings
def prune(settings: Settings, days: float, dry_run: bool, yes: bool) -> None:
    """Remove tracks whose files have long been missing.

    Tracks with human labels or decisions are kept.
    """
    with open_catalog(settings) as database:
        plan = prune_tracks(database, days, dry_run=True)
        if plan.kept:
            say(f"kept because of human labels or decisions: {pluralize(plan.kept, 'track')}")
        if dry_run:
            echo_summary(f"would remove {pluralize(plan.removed, 'track')}")
            return
        if plan.removed and not yes:
            click.confirm(f"Remove {pluralize(plan.removed, 'track')}?", abort=True, err=True)
        report = prune_tracks(database, days)
    echo_summary(f"removed {pluralize(report.removed, 'track')}")
