"""The verb `prune`: forgets tracks whose files have long been missing."""

from __future__ import annotations

import click

from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo, say
from catalog.collection.prune import prune as prune_tracks
from catalog.settings import Settings
from catalog.text import pluralize


@click.command()
@click.option(
    "--days",
    type=FiniteRange(min=0),
    default=90,
    help="Only tracks that no scan has found for so many days.",
)
@dry_run_option
@yes_option
@pass_settings
def prune(settings: Settings, days: float, dry_run: bool, yes: bool) -> None:
    """Forget tracks whose files have long been missing, with what was computed and read of them.

    Tracks on which a person has decided are kept.
    """
    with open_catalog(settings) as database:
        found = prune_tracks(database, days, dry_run=True)
        if found.kept:
            say(f"kept, for what people said of them: {pluralize(found.kept, 'more track')}")
        if dry_run:
            echo(f"would forget {pluralize(found.removed, 'track')}")
            return
        if found.removed and not yes:
            click.confirm(f"Forget {pluralize(found.removed, 'track')}?", abort=True, err=True)
        found = prune_tracks(database, days)
    echo(f"forgot {pluralize(found.removed, 'track')}")
