"""`catalog audit duplicates`: is one recording there more than once?"""

from __future__ import annotations

from dataclasses import asdict

import click
import sqlalchemy as sa

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.settings import Settings
from catalog.text import pluralize

LARGEST = 5


@click.command()
@dry_run_option
@format_options
@pass_settings
def duplicates(settings: Settings, dry_run: bool, output_format: str) -> None:
    """List tracks that may be one recording: the same audio, or alike in sound and length.

    Nothing is merged. What was found is in the view `duplicates`; those with different genres are doubted by the next
    `audit labels`.
    """
    from catalog.audit.duplicates.duplicate_audit import audit_duplicates

    with open_catalog(settings) as database:
        found = audit_duplicates(database, dry_run=dry_run)
        wanted = sorted({each for pair in found.pairs for each in (pair.track_id, pair.other_track_id)})
        paths: dict[int, str | None] = {}
        with database.read() as connection:
            for start in range(0, len(wanted), 5_000):
                query = sa.text("SELECT id, path FROM track WHERE id IN :ids").bindparams(
                    sa.bindparam("ids", wanted[start : start + 5_000], expanding=True)
                )
                paths |= {row.id: row.path for row in connection.execute(query)}
    rows = [
        {
            **asdict(pair),
            "path": paths.get(pair.track_id),
            "other_path": paths.get(pair.other_track_id),
        }
        for pair in found.pairs
    ]
    if output_format == "json":
        print_json({**asdict(found), "pairs": rows})
        return
    print_rows(
        rows, output_format, ["kind", "similarity", "path", "other_path", "track_id", "other_track_id"]
    )
    larger = [group for group in found.groups if len(group) > 2]
    for group in larger[:LARGEST]:
        say(f"{len(group)} tracks are alike: " + ", ".join(str(track_id) for track_id in group[:10]))
    say(
        f"{pluralize(len(found.pairs), 'pair')} among {found.tracks:,} tracks, in {pluralize(len(found.groups), 'group')}; "
        f"{pluralize(found.differing, 'pair')} with different genres"
    )
    if dry_run:
        say("nothing was stored")
