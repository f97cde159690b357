"""`catalog genres`: manage the genre vocabulary."""

from __future__ import annotations

import codecs
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import Connection

from catalog.cli.common.column_options import columns_option, encoding_option, parse_columns
from catalog.cli.common.command_group import CommandGroup, examples, renamed_argument
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo_summary, format_options, print_rows, say
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.files import atomic_write
from catalog.settings import Settings
from catalog.text import pluralize, printable

RETRAIN = "Next: catalog train, to apply this to the model"


@click.group(cls=CommandGroup)
def genres() -> None:
    """Manage the genre vocabulary."""


@genres.command("list")
@click.option("--used", is_flag=True, help="Only genres with tagged tracks.")
@format_options
@pass_settings
def list_verb(settings: Settings, used: bool, output_format: str) -> None:
    """List the genres with parents, aliases and track counts."""
    from catalog.genres.curation import list_genres

    with open_catalog(settings) as database, database.read() as connection:
        terms = [term for term in list_genres(connection) if term.tracks or not used]
    print_rows(
        ({**asdict(term), "aliases": "; ".join(term.aliases)} for term in terms),
        output_format,
        ["name", "parent", "tracks", "suggest", "origin", "code", "aliases"],
    )


@genres.command()
@format_options
@pass_settings
def unmapped(settings: Settings, output_format: str) -> None:
    """List genres that are new in the files.

    Their parents were derived from their names. Confirm one with catalog genres set-parent, or merge it into another
    with catalog genres alias. For many genres use a CSV file: catalog genres export, then import.
    """
    from catalog.genres import curation

    with open_catalog(settings) as database, database.read() as connection:
        print_rows(
            (asdict(genre) for genre in curation.list_unmapped(connection)),
            output_format,
            ["name", "tracks", "parent", "example"],
        )


@genres.command("export")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path, allow_dash=True),
    help="File to write (.csv or .xlsx); - is the standard output.  [default: standard output]",
)
@renamed_argument("--output")
@pass_settings
def export_verb(settings: Settings, file: Path | None) -> None:
    """Export the genre vocabulary as CSV or Excel.

    The columns are code, name, parent, aliases, suggest. A CSV file begins with a byte order mark for Excel.
    """
    from catalog.db.query.result_writers import write_csv, write_xlsx
    from catalog.genres.vocabulary_file import COLUMNS, vocabulary_rows

    with open_catalog(settings) as database, database.read() as connection:
        if file is None or str(file) == "-":
            sys.stdout.flush()
            write_csv(sys.stdout.buffer, COLUMNS, vocabulary_rows(connection))
            sys.stdout.buffer.flush()
            return
        is_excel = file.suffix.casefold() == ".xlsx"
        with atomic_write(file) as stream:
            stream.write(b"" if is_excel else codecs.BOM_UTF8)
            count = (write_xlsx if is_excel else write_csv)(stream, COLUMNS, vocabulary_rows(connection))
    say(f"{pluralize(count, 'genre')} written to {file}")


@genres.command(
    "import",
    epilog=examples(
        "catalog genres import genres.csv --dry-run",
        "catalog genres import house.xlsx --columns name=Kategorie,code=Nr",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@columns_option
@encoding_option
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings, file: Path, columns: tuple[str, ...], encoding: str | None, dry_run: bool
) -> None:
    """Import a vocabulary from a CSV or Excel file.

    The columns are code, name, parent, aliases, suggest; only name is required. FILE - reads the standard input. A
    name that is an alias of a genre renames that genre. Genres are added and changed, never removed. If one row is
    invalid, nothing is imported.
    """
    from catalog.genres.vocabulary_file import read_vocabulary_file
    from catalog.genres.vocabulary_import import import_vocabulary

    vocabulary = read_vocabulary_file(file, parse_columns(columns), encoding)

    def check(temporary: Database) -> None:
        with temporary.write() as connection:
            import_vocabulary(connection, vocabulary, dry_run=True)

    with (
        open_catalog(settings, create=True, dry_run=dry_run, check=check) as database,
        database.write() as connection,
    ):
        summary = import_vocabulary(connection, vocabulary, dry_run=dry_run)
        if not dry_run and (summary.added or summary.changed or summary.tracks):
            refresh_track_status(connection)
    would = "would be " if dry_run else ""
    echo_summary(
        f"{len(summary.added):,} {would}added, {len(summary.changed):,} {would}changed, "
        f"{summary.unchanged:,} unchanged",
    )
    old_names = {new: old for old, new in summary.renamed}
    for name in (*summary.added, *summary.changed):
        say(f"  {name}" + (f" ({would}renamed from {old_names[name]})" if name in old_names else ""))
    if vocabulary.unused:
        say(f"columns not used: {', '.join(vocabulary.unused)}; to use one: --columns ROLE=COLUMN")
    if summary.is_model_outdated and not dry_run:
        say(RETRAIN)


@genres.command("set-parent")
@click.argument("genre")
@click.argument("parent", required=False)
@click.option("--top", is_flag=True, help="Make GENRE a top-level genre.")
@dry_run_option
@pass_settings
def set_parent_verb(settings: Settings, genre: str, parent: str | None, top: bool, dry_run: bool) -> None:
    """Set the parent of a genre, or make it a top-level genre."""
    from catalog.genres.curation import set_parent

    if (parent is None) != top:
        raise click.UsageError("give either PARENT or --top")
    with open_catalog(settings) as database, _transaction(database, dry_run=dry_run) as connection:
        term = set_parent(connection, genre, parent)
        refresh_track_status(connection)
    place = "a top-level genre" if parent is None else f"a subgenre of {parent}"
    if dry_run:
        echo_summary(f"{printable(term.name)} would become {printable(place)}; nothing was changed")
        return
    echo_summary(f"{printable(term.name)} is now {printable(place)}")
    say(RETRAIN)


@genres.command()
@click.argument("alias")
@click.argument("genre")
@dry_run_option
@pass_settings
def alias(settings: Settings, alias: str, genre: str, dry_run: bool) -> None:
    """Make ALIAS an alternative spelling of GENRE.

    An existing genre ALIAS is merged into GENRE. The tags in the files stay unchanged; only their interpretation
    changes.
    """
    from catalog.genres.curation import add_alias

    with open_catalog(settings) as database, _transaction(database, dry_run=dry_run) as connection:
        tracks = add_alias(connection, alias, genre, added_by=_user())
        refresh_track_status(connection, tracks)
    effect = f"this affects {pluralize(len(tracks), 'track')}"
    if dry_run:
        echo_summary(
            f"{printable(alias)} would become an alias of {printable(genre)}; {effect}; nothing was changed"
        )
        return
    echo_summary(f"{printable(alias)} is now an alias of {printable(genre)}; {effect}")
    if tracks:
        say(RETRAIN)


def _user() -> str:
    """Returns the login name, or the user id where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextmanager
def _transaction(database: Database, *, dry_run: bool) -> Iterator[Connection]:
    """Opens a transaction that is committed, or rolled back in a dry run."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        yield connection
        if dry_run:
            transaction.rollback()
