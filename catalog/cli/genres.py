"""The verb `genres`: the vocabulary, in and out."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click
from sqlalchemy import Connection

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_rows, say
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.settings import Settings
from catalog.text import pluralize, printable

AGAIN = "train anew to have it judged so: catalog train"


@click.group()
def genres() -> None:
    """The vocabulary of genres: list, import, export, unmapped, place, alias."""


@genres.command("list")
@click.option("--used", is_flag=True, help="Only genres that tracks are tagged with.")
@format_options
@pass_settings
def list_verb(settings: Settings, used: bool, output_format: str) -> None:
    """List the genres with their broader terms, other spellings and tracks."""
    from catalog.genres.curation import list_genres

    with open_catalog(settings) as database, database.read() as connection:
        listed = [each for each in list_genres(connection) if each.tracks or not used]
    print_rows(
        ({**asdict(each), "aliases": "; ".join(each.aliases)} for each in listed),
        output_format,
        ["name", "broader", "tracks", "suggest", "origin", "code", "aliases"],
    )


@genres.command()
@format_options
@pass_settings
def unmapped(settings: Settings, output_format: str) -> None:
    """List the genres that files brought and nobody has vouched for, and where their names put them.

    Vouch for one by saying what it is a kind of (catalog genres place) or what it is another spelling of
    (catalog genres alias); for many through a CSV (catalog genres export, then import).
    """
    from catalog.genres import curation

    with open_catalog(settings) as database, database.read() as connection:
        print_rows(
            (asdict(each) for each in curation.list_unmapped(connection)),
            output_format,
            ["name", "tracks", "broader", "example"],
        )


@genres.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path), required=False)
@pass_settings
def export_verb(settings: Settings, file: Path | None) -> None:
    """Write the vocabulary as CSV to FILE or stdout: code, name, broader, aliases, suggest."""
    from catalog.genres.vocabulary_csv import export_csv

    with open_catalog(settings) as database, database.read() as connection:
        if file is None:
            export_csv(connection, sys.stdout)
            return
        with file.open("w", encoding="utf-8", newline="") as stream:
            count = export_csv(connection, stream)
    say(f"{pluralize(count, 'genre')} written to {file}")


@genres.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@dry_run_option
@pass_settings
def import_verb(settings: Settings, file: TextIO, dry_run: bool) -> None:
    """Read a vocabulary from a CSV of code, name, broader, aliases, suggest; only `name` is needed.

    Terms are added and changed, never removed. All of the file is taken, or none of it.
    """
    from catalog.genres.vocabulary_csv import import_csv

    with open_catalog(settings, create=not dry_run) as database, database.write() as connection:
        summary = import_csv(connection, file, dry_run=dry_run)
        if not dry_run and (summary.added or summary.changed or summary.tracks):
            refresh_track_status(connection)
    would = "would be " if dry_run else ""
    echo(
        f"{len(summary.added):,} {would}added, {len(summary.changed):,} {would}changed, "
        f"{summary.unchanged:,} as they were"
    )
    for name in (*summary.added, *summary.changed):
        say(f"  {name}")


@genres.command()
@click.argument("genre")
@click.argument("broader", required=False)
@click.option("--top", is_flag=True, help="It is a kind of nothing: make it a top term.")
@dry_run_option
@pass_settings
def place(settings: Settings, genre: str, broader: str | None, top: bool, dry_run: bool) -> None:
    """Say what GENRE is a kind of: put it under BROADER, or make it a top term with --top."""
    from catalog.genres.curation import set_parent

    if (broader is None) != top:
        raise click.UsageError("name the broader genre, or give --top")
    with open_catalog(settings) as database, _changing(database, dry_run=dry_run) as connection:
        term = set_parent(connection, genre, broader)
        refresh_track_status(connection)
    becomes = "a top term" if broader is None else f"a kind of {broader}"
    if dry_run:
        echo(f"{printable(term.name)} would be {printable(becomes)}; nothing was changed")
        return
    echo(f"{printable(term.name)} is {printable(becomes)} now")
    say(AGAIN)


@genres.command()
@click.argument("alias")
@click.argument("genre")
@dry_run_option
@pass_settings
def alias(settings: Settings, alias: str, genre: str, dry_run: bool) -> None:
    """Say that ALIAS is another spelling of GENRE; a genre of that name is merged into it.

    What the files say stays as it is: only what it is taken to mean changes.
    """
    from catalog.genres.curation import add_alias

    with open_catalog(settings) as database, _changing(database, dry_run=dry_run) as connection:
        tracks = add_alias(connection, alias, genre, added_by=_user())
        refresh_track_status(connection, tracks)
    on = f"on {pluralize(len(tracks), 'track')}"
    if dry_run:
        echo(f"{printable(alias)} would mean {printable(genre)}, {on}; nothing was changed")
        return
    echo(f"{printable(alias)} means {printable(genre)} now, {on}")
    if tracks:
        say(AGAIN)


def _user() -> str:
    """Who is at work; a container may run as a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextmanager
def _changing(database: Database, *, dry_run: bool) -> Iterator[Connection]:
    """A transaction that is committed, or rolled back after a dry run."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        yield connection
        if dry_run:
            transaction.rollback()
