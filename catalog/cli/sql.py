"""The verb `sql`: a question, read-only, on a table, as JSON or CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import FiniteRange, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_records, print_rows, say
from catalog.cli.common.query_argument import parameter_option, resolve
from catalog.db.query.query import run_query
from catalog.db.query.saved_queries import saved_query, saved_query_names
from catalog.db.schema.views import view_description, view_names
from catalog.settings import Settings

TABLE_ROWS = 1_000
"""A table is laid out as a whole; more rows than anybody reads only cost memory."""


@click.command(
    epilog="In PostgreSQL a superuser asks as pg_read_all_data. Whoever wants certainty, in a script or on a page, "
    "connects as a role that may only SELECT: see docs/sql.md."
)
@click.argument("question", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Read the question from a file.",
)
@parameter_option
@click.option("--limit", type=click.IntRange(min=0), help="Rows at most.  [default: 1000 in a table]")
@click.option("--timeout", type=FiniteRange(min=0), default=300.0, help="Seconds it may take; 0 is no limit.")
@click.option("--list", "wants_list", is_flag=True, help="The saved questions and the views.")
@format_options
@pass_settings
def sql(
    settings: Settings,
    question: str | None,
    file: Path | None,
    parameters: tuple[str, ...],
    limit: int | None,
    timeout: float,
    wants_list: bool,
    output_format: str,
) -> None:
    """Ask the catalog a question in SQL, read-only.

    QUESTION is SQL, or the name of a saved question (--list); without it the question comes from --file or from the
    standard input. Example: catalog sql "SELECT * FROM suspects WHERE artist = :name" -p name="Bob Dylan"
    """
    if wants_list:
        print_rows(_listed(), output_format)
        return
    asked = _question(question, file)
    with open_catalog(settings) as database:
        text, values = resolve(database, asked, parameters)
        with run_query(database, text, values, timeout or None) as answer:
            print_records(answer.columns, _limited(answer.rows, limit, output_format), output_format)


def _question(question: str | None, file: Path | None) -> str:
    if question is not None and file is not None:
        raise click.UsageError("give the question or --file, not both")
    if question is not None and question != "-":
        return question
    try:
        if file is not None and str(file) != "-":
            return file.read_text(encoding="utf-8-sig")
        if file is None and question is None and sys.stdin.isatty():
            raise click.UsageError('give a question: catalog sql "SELECT ..."; catalog sql --list has some')
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise click.UsageError(f"{file or 'the standard input'} is not text in UTF-8") from None


def _limited(rows: Iterator[Sequence[Any]], limit: int | None, output_format: str) -> Iterator[Sequence[Any]]:
    if limit is not None:
        yield from islice(rows, limit)
    elif output_format != "table":
        yield from rows
    else:
        yield from islice(rows, TABLE_ROWS)
        if next(rows, None) is not None:
            say(f"these are the first {TABLE_ROWS:,} rows; --limit gives more, --csv and --json give all")


def _listed() -> Iterator[dict[str, str]]:
    for name in saved_query_names():
        saved = saved_query(name, "sqlite")
        defaults = ", ".join(f":{key} = {value}" for key, value in saved.defaults.items())
        yield {
            "name": name,
            "kind": "question",
            "description": saved.description + (f" [{defaults}]" if defaults else ""),
        }
    for name in view_names():
        yield {"name": name, "kind": "view", "description": view_description(name)}
