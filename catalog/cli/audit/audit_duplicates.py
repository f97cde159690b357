"""`catalog audit duplicates`: find tracks that may be the same recording."""

from __future__ import annotations

from dataclasses import asdict

import click
import sqlalchemy as sa

from catalog.batches import chunks
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.cli.common.progress import progress
from catalog.db.tables import track
from catalog.settings import Settings
from catalog.text import pluralize

LARGEST = 5


@click.command()
@dry_run_option
@format_options
@pass_settings
def duplicates(settings: Settings, dry_run: bool, output_format: str) -> None:
    """Find tracks that may be the same recording.

    These have identical audio, or similar sound and length. Nothing is merged. The pairs are in the view duplicates;
    the next `audit labels` flags pairs with different genres.
    """
    from catalog.audit.duplicates.duplicate_audit import audit_duplicates

    with open_catalog(settings) as database:
        with progress("comparing tracks"):
            report = audit_duplicates(database, dry_run=dry_run)
        ids = sorted({track_id for pair in report.pairs for track_id in (pair.track_id, pair.other_track_id)})
        paths: dict[int, str | None] = {}
        with database.read() as connection:
            for chunk in chunks(ids):
                rows_of_chunk = connection.execute(
                    sa.select(track.c.id, track.c.path).where(track.c.id.in_(chunk))
                )
                paths |= {row.id: row.path for row in rows_of_chunk}
    rows = [
        {**asdict(pair), "path": paths.get(pair.track_id), "other_path": paths.get(pair.other_track_id)}
        for pair in report.pairs
    ]
    if output_format == "json":
        print_json({**asdict(report), "pairs": rows})
        return
    print_rows(
        rows, output_format, ["kind", "similarity", "path", "other_path", "track_id", "other_track_id"]
    )
    larger = [group for group in report.groups if len(group) > 2]
    for group in larger[:LARGEST]:
        say(f"{len(group)} similar tracks: " + ", ".join(str(track_id) for track_id in group[:10]))
    say(
        f"{pluralize(len(report.pairs), 'pair')} among {report.tracks:,} tracks, "
        f"in {pluralize(len(report.groups), 'group')}; {pluralize(report.differing, 'pair')} with different genres"
    )
    if dry_run:
        say("dry run: nothing was stored")
