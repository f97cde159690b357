"""The verb `export`: an answer as a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from catalog.cli.common.context import FiniteRange, open_catalog, pass_settings
from catalog.cli.common.output import say, warn
from catalog.cli.common.query_argument import parameter_option, resolve
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


@click.command(epilog="The questions and views that have a name: catalog sql --list")
@click.argument("what")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.  [default: the standard output]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS, case_sensitive=False),
    help="[default: what the suffix of the file says, else csv]",
    show_default=False,
)
@parameter_option
@click.option("--timeout", type=FiniteRange(min=0), default=0.0, help="Seconds it may take; 0 is no limit.")
@pass_settings
def export(
    settings: Settings,
    what: str,
    output: Path | None,
    file_format: str | None,
    parameters: tuple[str, ...],
    timeout: float,
) -> None:
    """Write an answer to a file: CSV, JSON lines, Parquet, or a playlist of its tracks.

    WHAT is labels, predictions, suspects, any other question or view that has a name, or SQL. The file appears when
    it is whole. A playlist (.m3u8) needs a column track_id. Example: catalog export suspects -o doubts.m3u8
    """
    chosen = file_format or _format_of(output)
    if chosen == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal; name a file: --output FILE.parquet")
    with open_catalog(settings) as database:
        text, values = resolve(database, what, parameters)
        with _opened(output) as file, run_query(database, text, values, timeout or None) as answer:
            written = _write(database, file, chosen, answer)
    if output is not None:
        say(f"{written} in {output}")


def _format_of(output: Path | None) -> str:
    if output is None:
        return "csv"
    suffix = output.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{each}" for each in FORMATS)
        raise click.UsageError(
            f"the suffix of {output.name} says no format; give --format, or one of {known}"
        )
    return suffix


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is not None:
        with atomic_write(output) as file:
            yield file
    else:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def _write(database: Database, file: BinaryIO, chosen: str, answer: QueryResult) -> str:
    """Writes the answer and says what it is."""
    if chosen != PLAYLIST:
        return pluralize(WRITERS[chosen](file, answer.columns, answer.rows), "row")
    try:
        with database.read() as connection:
            playlist = write_playlist(file, connection, answer.columns, answer.rows)
    except NoTracksError as error:
        raise click.UsageError(str(error)) from None
    if playlist.without_file:
        warn(f"{pluralize(playlist.without_file, 'track')} left out: there is no file at present")
    return pluralize(playlist.tracks, "track")
