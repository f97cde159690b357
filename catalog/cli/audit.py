"""The verb `audit`: looks for tags that are probably wrong."""

from __future__ import annotations

from dataclasses import asdict

import click
import sqlalchemy as sa

from catalog.cli.audit_clusters import clusters
from catalog.cli.audit_duplicates import duplicates
from catalog.cli.context import open_catalog, pass_settings
from catalog.cli.output import counted, format_options, print_json, print_rows, say
from catalog.cli.train import exclude_genre_option
from catalog.settings import Settings


@click.group(invoke_without_command=True)
@exclude_genre_option
@format_options
@click.pass_context
def audit(context: click.Context, exclude_genres: tuple[str, ...], output_format: str) -> None:
    """Look for tags that are probably wrong; without more, `audit labels`."""
    if context.invoked_subcommand is None:
        context.invoke(labels, exclude_genres=exclude_genres, output_format=output_format)


@audit.command()
@exclude_genre_option
@format_options
@pass_settings
def labels(settings: Settings, exclude_genres: tuple[str, ...], output_format: str) -> None:
    """Doubt the tags by what the active model hears, out of fold, and list the cases, gravest first.

    A case is the tracks of one artist or album with the same tag and the same suggestion. The single tracks with
    their reasons are in the view `suspects`, tags that could be more precise in `could_be_more_precise`.
    """
    from catalog.audit.label_audit import audit_labels

    with open_catalog(settings) as database:
        found = audit_labels(database, exclude=exclude_genres)
        with database.read() as connection:
            query = sa.text("SELECT * FROM cases ORDER BY suspicion DESC, tracks DESC, case_id")
            cases = [dict(row) for row in connection.execute(query).mappings()]
    if output_format == "json":
        print_json({**asdict(found), "cases": cases})
        return
    columns = ["suspicion", "artist", "album", "tracks", "tagged_genre", "suggested_genre", "case_id"]
    print_rows(cases, output_format, columns)
    if not found.is_new:
        say("neither tags nor model have changed since the last audit: this is what it found")
    say(
        f"{counted(found.cases, 'case')} of doubt, {counted(found.suspects, 'tag')} of {found.judged:,} judged; "
        f"{counted(found.could_be_narrower, 'tag')} could be more precise"
    )


audit.add_command(clusters)
audit.add_command(duplicates)
