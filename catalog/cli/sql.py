"""`catalog sql`: run a read-only SQL query or a saved query."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from catalog.audit.reasons import GenreNames, describe_reason
from catalog.cli.common.command_group import examples
from catalog.cli.common.context import FiniteRange, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_records, print_rows, say
from catalog.cli.common.sql_argument import parameter_option, resolve
from catalog.db.database import Database
from catalog.db.query.query import run_query
from catalog.db.query.saved_queries import saved_query, saved_query_names
from catalog.db.schema.views import view_description, view_names
from catalog.db.tables import genre
from catalog.settings import Settings

TABLE_ROWS = 1_000
"""Default row limit of tables, which are laid out in memory."""


@click.command(
    epilog=examples(
        "catalog sql --list",
        "catalog sql top-suspects",
        'catalog sql "SELECT * FROM suspects WHERE artist = :name" -p name="Bob Dylan"',
        "catalog sql cases --csv",
        note="On PostgreSQL a superuser's query runs as pg_read_all_data. For a strict guarantee, connect as a role "
        "that has only SELECT rights: see docs/sql.md.",
    )
)
@click.argument("query", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Read the query from a file.",
)
@parameter_option
@click.option(
    "--limit", type=click.IntRange(min=0), help="Maximum number of rows.  [default: 1000 for a table]"
)
@click.option(
    "--timeout", type=FiniteRange(min=0), default=300.0, help="Time limit in seconds; 0 means no limit."
)
@click.option("--list", "wants_list", is_flag=True, help="List the saved queries and the views.")
@format_options
@pass_settings
def sql(
    settings: Settings,
    query: str | None,
    file: Path | None,
    parameters: tuple[str, ...],
    limit: int | None,
    timeout: float,
    wants_list: bool,
    output_format: str,
) -> None:
    """Run a read-only SQL query or a saved query.

    QUERY is SQL, or the name of a saved query or view (--list); without it the query is read from --file or from
    standard input.
    """
    if wants_list:
        print_rows(_named_queries(), output_format)
        return
    text = _read_query(query, file)
    with open_catalog(settings) as database:
        statement, values = resolve(database, text, parameters)
        with run_query(database, statement, values, timeout or None) as result:
            rows = _limited(result.rows, limit, output_format)
            if output_format == "table" and "reasons" in result.columns:
                rows = _with_sentences(database, result.columns.index("reasons"), rows)
            print_records(result.columns, rows, output_format)


def _read_query(query: str | None, file: Path | None) -> str:
    if query is not None and file is not None:
        raise click.UsageError("give either QUERY or --file")
    if query is not None and query != "-":
        return query
    try:
        if file is not None and str(file) != "-":
            return file.read_text(encoding="utf-8-sig")
        if file is None and query is None and sys.stdin.isatty():
            raise click.UsageError(
                'give a query: catalog sql "SELECT ..."; for saved queries: catalog sql --list'
            )
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise click.UsageError(f"{file or 'the standard input'} is not valid UTF-8") from None


def _limited(rows: Iterator[Sequence[Any]], limit: int | None, output_format: str) -> Iterator[Sequence[Any]]:
    if limit is not None:
        yield from islice(rows, limit)
    elif output_format != "table":
        yield from rows
    else:
        yield from islice(rows, TABLE_ROWS)
        if next(rows, None) is not None:
            say(
                f"only the first {TABLE_ROWS:,} rows are shown; use --limit for more, --csv or --json for all"
            )


def _with_sentences(database: Database, place: int, rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The rows with the reasons of suspects as sentences. JSON and CSV keep the data."""
    with database.read() as connection:
        genre_names = dict(map(tuple, connection.execute(sa.select(genre.c.id, genre.c.name))))
    for row in rows:
        cells = list(row)
        cells[place] = _describe_reasons(cells[place], genre_names)
        yield cells


def _describe_reasons(value: Any, genre_names: GenreNames) -> Any:
    """The sentences of a suspect's reasons; any other value unchanged. SQLite returns JSON as text."""
    try:
        reasons = json.loads(value) if isinstance(value, str) else value
        return "; ".join(describe_reason(reason, genre_names) for reason in reasons)
    except (ValueError, TypeError, KeyError):
        return value


def _named_queries() -> Iterator[dict[str, str]]:
    for name in saved_query_names():
        saved = saved_query(name, "sqlite")
        defaults = ", ".join(f":{key} = {value}" for key, value in saved.defaults.items())
        yield {
            "name": name,
            "kind": "query",
            "description": saved.description + (f" [{defaults}]" if defaults else ""),
        }
    for name in view_names():
        yield {"name": name, "kind": "view", "description": view_description(name)}
