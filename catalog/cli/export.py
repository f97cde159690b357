"""`catalog export`: export a query result to a file."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from catalog.cli.common.command_group import examples
from catalog.cli.common.context import FiniteRange, open_catalog, pass_settings
from catalog.cli.common.output import say, warn
from catalog.cli.common.sql_argument import parameter_option, resolve
from catalog.collection.playlist import NoTracksError, write_playlist
from catalog.db.database import Database
from catalog.db.query.answer import QueryResult
from catalog.db.query.query import run_query
from catalog.db.query.result_writers import WRITERS
from catalog.files import atomic_write
from catalog.settings import Settings
from catalog.text import pluralize

PLAYLIST = "m3u8"
FORMATS = (*WRITERS, PLAYLIST)
BINARY = frozenset({"parquet", "xlsx"})


@click.command(
    epilog=examples(
        "catalog export suspects --output suspects.csv",
        "catalog export suspects --output suspects.m3u8",
        'catalog export "SELECT * FROM untagged" --output untagged.parquet',
        note="For saved queries and views see: catalog sql --list",
    )
)
@click.argument("query")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="File to write; - is the standard output.  [default: standard output]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS, case_sensitive=False),
    help="Format of the file.  [default: by its suffix, else csv]",
    show_default=False,
)
@click.option(
    "--bom/--no-bom",
    default=None,
    help="Begin a CSV file with a byte order mark, by which Excel recognizes UTF-8.  [default: only with --output]",
    show_default=False,
)
@parameter_option
@click.option(
    "--timeout", type=FiniteRange(min=0), default=0.0, help="Time limit in seconds; 0 means no limit."
)
@pass_settings
def export(
    settings: Settings,
    query: str,
    output: Path | None,
    file_format: str | None,
    bom: bool | None,
    parameters: tuple[str, ...],
    timeout: float,
) -> None:
    """Export a query result to a file or a playlist.

    QUERY is SQL, or the name of a saved query or view, such as labels, predictions or suspects. The file is written
    atomically. A playlist (.m3u8) needs a column track_id.
    """
    if output is not None and str(output) == "-":
        output = None
    chosen = file_format or _format_of(output)
    if chosen in BINARY and output is None and sys.stdout.isatty():
        raise click.UsageError(f"{chosen} is a binary format; write it to a file: --output FILE.{chosen}")
    with open_catalog(settings) as database:
        text, values = resolve(database, query, parameters)
        with _open_output(output) as file, run_query(database, text, values, timeout or None) as result:
            if chosen == "csv" and (output is not None if bom is None else bom):
                file.write(codecs.BOM_UTF8)
            written = _write(database, file, chosen, result)
    if output is not None:
        say(f"{written} in {output}")


def _format_of(output: Path | None) -> str:
    if output is None:
        return "csv"
    suffix = output.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        suffixes = ", ".join(f".{name}" for name in FORMATS)
        raise click.UsageError(f"unknown suffix of {output.name}; use --format, or one of {suffixes}")
    return suffix


@contextmanager
def _open_output(output: Path | None) -> Iterator[BinaryIO]:
    if output is not None:
        with atomic_write(output) as file:
            yield file
    else:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def _write(database: Database, file: BinaryIO, chosen: str, result: QueryResult) -> str:
    """Writes the result and returns a description such as `3 rows`."""
    if chosen != PLAYLIST:
        return pluralize(WRITERS[chosen](file, result.columns, result.rows), "row")
    try:
        with database.read() as connection:
            playlist = write_playlist(file, connection, result.columns, result.rows)
    except NoTracksError as error:
        raise click.UsageError(str(error)) from None
    if playlist.without_file:
        warn(f"{pluralize(playlist.without_file, 'track')} without a file skipped")
    return pluralize(playlist.tracks, "track")
