"""The verb `collections`: lists, moves and removes collections, and says whether their tags are complete."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo, format_options, print_rows
from catalog.collection.collections import (
    list_collections,
    move_collection,
    remove_collection,
    set_tags_complete,
)
from catalog.settings import Settings
from catalog.text import pluralize


@click.group()
def collections() -> None:
    """Collections: list, move, remove; are their tags complete?"""


@collections.command("list")
@format_options
@pass_settings
def list_verb(settings: Settings, output_format: str) -> None:
    """List the collections with their tracks."""
    with open_catalog(settings) as database, database.read() as connection:
        listed = list_collections(connection)
    columns = [
        "name",
        "kind",
        "root",
        "present",
        "missing",
        "metadata",
        "tags_complete",
        "added_at",
        "scanned_at",
    ]
    print_rows((asdict(each) for each in listed), output_format, columns if output_format != "json" else None)


@collections.command("move")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@dry_run_option
@pass_settings
def move_verb(settings: Settings, name: str, folder: Path, dry_run: bool) -> None:
    """Say that the files of the collection NAME are in FOLDER now; or widen it to a folder around the present one.

    The files themselves are not touched.
    """
    with open_catalog(settings) as database:
        moved = move_collection(database, name, folder, dry_run=dry_run)
    done = "would be" if dry_run else "is"
    echo(f"{moved.name} {done} at {moved.root} now, with {pluralize(moved.tracks, 'track')}")
    if moved.widened:
        echo(f"bring in what else is there: catalog scan {click.format_filename(folder)}")


@collections.command("remove")
@click.argument("name")
@dry_run_option
@yes_option
@pass_settings
def remove_verb(settings: Settings, name: str, dry_run: bool, yes: bool) -> None:
    """Forget the collection NAME and all that is known of its tracks. Files are not touched."""
    with open_catalog(settings) as database:
        loss = remove_collection(database, name, dry_run=True)
        parts = [pluralize(loss.tracks, "track"), pluralize(loss.statements, "statement")]
        if loss.human_evidence:
            parts.append(
                f"what people said: {pluralize(loss.human_statements, 'statement')}, "
                f"{pluralize(loss.decisions, 'decision')}, "
                f"{loss.tag_writes:,} entries of the journal of written tags"
            )
        if dry_run:
            echo(f"would forget {', '.join(parts)}")
            return
        if not yes:
            click.confirm(f"Forget {name} with {', '.join(parts)}?", abort=True, err=True)
        remove_collection(database, name)
    echo(f"forgot {', '.join(parts)}")


@collections.command("complete")
@click.argument("name")
@click.option("--no", "incomplete", is_flag=True, help="They are not: a genre not given is unknown.")
@dry_run_option
@pass_settings
def complete_verb(settings: Settings, name: str, incomplete: bool, dry_run: bool) -> None:
    """Say that the tracks of the collection NAME carry all their genres: one not given is denied.

    Without that a genre not given is unknown, and scores of several genres a track are bounds.
    """
    with open_catalog(settings) as database:
        is_new = set_tags_complete(database, name, complete=not incomplete, dry_run=dry_run)
    said = "incomplete" if incomplete else "complete"
    if not is_new:
        echo(f"the tags of {name} are {said} already")
    else:
        echo(f"the tags of {name} {'would be' if dry_run else 'are'} {said} now")
