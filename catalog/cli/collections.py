"""`catalog collections`: manage collections."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.output import echo_summary, format_options, print_json, print_rows, say
from catalog.collection.collections import (
    list_collections,
    move_collection,
    remove_collection,
    rename_collection,
    set_tags_complete,
)
from catalog.settings import Settings
from catalog.text import pluralize


@click.group(cls=CommandGroup)
def collections() -> None:
    """Manage the collections of tracks."""


@collections.command("list")
@format_options
@pass_settings
def list_verb(settings: Settings, output_format: str) -> None:
    """List the collections with their track counts."""
    with open_catalog(settings) as database, database.read() as connection:
        collections = list_collections(connection)
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
    print_rows(
        (asdict(each) for each in collections), output_format, columns if output_format != "json" else None
    )
    if not collections:
        say("no folder was scanned yet; run: catalog scan FOLDER")


@collections.command("move")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@dry_run_option
@pass_settings
def move_verb(settings: Settings, name: str, folder: Path, dry_run: bool) -> None:
    """Change the folder of the collection NAME to FOLDER.

    FOLDER is the new location of the files, or a parent of the current folder. The files are not moved.
    """
    with open_catalog(settings) as database:
        moved = move_collection(database, name, folder, dry_run=dry_run)
    verb = "would be" if dry_run else "is now"
    echo_summary(f"{moved.name} {verb} at {moved.root}, with {pluralize(moved.tracks, 'track')}")
    if moved.widened:
        echo_summary(f"to add the other files in it, run: catalog scan {click.format_filename(folder)}")


@collections.command("rename")
@click.argument("name")
@click.argument("new_name")
@dry_run_option
@pass_settings
def rename_verb(settings: Settings, name: str, new_name: str, dry_run: bool) -> None:
    """Rename the collection NAME to NEW_NAME. Folders and files keep their names."""
    with open_catalog(settings) as database:
        rename_collection(database, name, new_name, dry_run=dry_run)
    echo_summary(f"{name} {'would be' if dry_run else 'is now'} called {new_name}")


@collections.command("merge")
@click.argument("source")
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@dry_run_option
@yes_option
@pass_settings
def merge_verb(settings: Settings, source: str, target: str, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Merge the collection SOURCE into TARGET. The files are not moved.

    The tracks of SOURCE keep their labels, decisions and results. TARGET gets the common parent of both folders, or
    keeps its folder if the files of SOURCE were moved there.
    """
    from catalog.collection.collection_merge import merge_collections

    with open_catalog(settings) as database:
        result = merge_collections(database, source, target, dry_run=True)
        place = f" in {result.root}" if result.root else ""
        summary = f"{pluralize(result.tracks, 'track')} of {result.source} into {result.target}{place}"
        if not dry_run:
            if not yes:
                click.confirm(f"Merge {summary}?", abort=True, err=True)
            result = merge_collections(database, source, target)
    if as_json:
        print_json(asdict(result) | {"dry_run": dry_run})
        return
    echo_summary(f"{'would merge' if dry_run else 'merged'} {summary}")
    if result.without_file:
        say(
            f"{pluralize(result.without_file, 'track')} without a file; a scan finds the files that were moved: "
            f"catalog scan {result.root}"
        )


@collections.command("remove")
@click.argument("name")
@dry_run_option
@yes_option
@pass_settings
def remove_verb(settings: Settings, name: str, dry_run: bool, yes: bool) -> None:
    """Remove the collection NAME and its tracks from the catalog. The files are kept."""
    with open_catalog(settings) as database:
        loss = remove_collection(database, name, dry_run=True)
        parts = [pluralize(loss.tracks, "track"), pluralize(loss.statements, "statement")]
        if loss.human_evidence:
            parts.append(
                f"human input: {pluralize(loss.human_statements, 'statement')}, "
                f"{pluralize(loss.decisions, 'decision')}, "
                f"{pluralize(loss.tag_writes, 'tag write')}"
            )
        if dry_run:
            echo_summary(f"would remove {', '.join(parts)}")
            return
        if not yes:
            click.confirm(f"Remove {name} with {', '.join(parts)}?", abort=True, err=True)
        remove_collection(database, name)
    echo_summary(f"removed {', '.join(parts)}")


@collections.command("mark-complete")
@click.argument("name")
@click.option(
    "--no", "incomplete", is_flag=True, help="Mark the tags as incomplete: a missing genre is unknown."
)
@dry_run_option
@pass_settings
def mark_complete_verb(settings: Settings, name: str, incomplete: bool, dry_run: bool) -> None:
    """Mark the genre tags of the collection NAME as complete.

    A genre that a track lacks then counts as a negative label. In other collections it is unknown, and multi-label
    scores are bounds.
    """
    with open_catalog(settings) as database:
        is_new = set_tags_complete(database, name, complete=not incomplete, dry_run=dry_run)
    state = "incomplete" if incomplete else "complete"
    verb = "are already" if not is_new else "would be" if dry_run else "are now"
    echo_summary(f"the tags of {name} {verb} {state}")
