"""How verbs print: rows to stdout as a table, JSON or CSV; remarks and progress to stderr."""

from __future__ import annotations

import csv
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from typing import Any, TypeVar

import click

from catalog.db.query.cell_format import escape_json, json_row, json_value, safe_cell, unique_names
from catalog.text import printable

Function = TypeVar("Function", bound=Callable[..., Any])
Row = Mapping[str, Any]

log = logging.getLogger("catalog")

LEGIBLE = 20
"""Characters of a column that may be broken without harm where it is longer."""


def format_options(function: Function) -> Function:
    """Adds --table, --json and --csv to a verb that prints rows; it receives `output_format`."""
    for name, words in (("csv", "Comma-separated."), ("json", "JSON."), ("table", "A table.")):
        function = click.option(
            f"--{name}",
            "output_format",
            flag_value=name,
            type=str,
            default="table",
            show_default=False,
            help=words + ("  [default]" if name == "table" else ""),
        )(function)
    return function


def print_rows(rows: Iterable[Row], output_format: str, columns: Sequence[str] | None = None) -> None:
    """Prints rows to stdout. Columns are those of the first row unless they are given.

    JSON and CSV are written row by row: memory does not grow with their number.
    """
    if output_format == "json":
        _print_json_rows(json_row(list(row), list(row.values())) for row in rows)
        return
    remaining = iter(rows)
    first = next(remaining, None)
    names = list(columns) if columns is not None else list(first or {})
    whole = chain([] if first is None else [first], remaining)
    print_records(names, ([row.get(name) for name in names] for row in whole), output_format)


def print_records(columns: Sequence[str], records: Iterable[Sequence[Any]], output_format: str) -> None:
    """Prints records whose columns may share a name; in JSON the second `id` is `id_2`."""
    if output_format == "json":
        names = unique_names(columns)
        _print_json_rows(json_row(names, record) for record in records)
    elif output_format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        # What a program reads is as it is; what a person reads must not command the terminal.
        cell = _shown_cell if sys.stdout.isatty() else safe_cell
        writer.writerows([cell(value) for value in record] for record in records)
    else:
        _print_table(columns, list(records))


def print_json(value: Any) -> None:
    """Prints one value as JSON to stdout."""
    click.echo(escape_json(json.dumps(value, default=json_value, ensure_ascii=False, indent=2)))


def echo(message: str) -> None:
    """Lines to stdout that may hold names and titles."""
    click.echo(_lines(message))


def say(message: str = "") -> None:
    """A remark to stderr, unless --quiet; with --log-json an entry of the log."""
    if logs_json():
        log.info(message)
    elif not is_quiet():
        click.echo(_lines(message), err=True)


def warn(message: str) -> None:
    """A warning to stderr, also with --quiet; with --log-json an entry of the log."""
    if logs_json():
        log.warning(message)
        return
    click.echo(_lines(f"warning: {message}"), err=True)


def is_quiet() -> bool:
    """Whether -q was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("catalog.quiet"))


def logs_json() -> bool:
    """Whether --log-json was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("catalog.log_json"))


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, int | None, str], None]]:
    """A bar on a terminal, nothing elsewhere. Gives a function of (done, total or None, remark)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if is_quiet() or not console.is_terminal:
        yield lambda _done, _total, _remark: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=None, remark="")

        def advance(done: int, total: int | None, remark: str) -> None:
            bar.update(task, completed=done, total=total, remark=printable(remark))

        yield advance


def _lines(message: str) -> str:
    return "\n".join(map(printable, message.split("\n")))


def _shown_cell(value: Any) -> Any:
    cell = safe_cell(value)
    return printable(cell) if isinstance(cell, str) else cell


def _print_json_rows(rows: Iterable[str]) -> None:
    empty = True
    for row in rows:
        # Not by click.echo, which sends every line on its way at once: a million rows would take minutes.
        sys.stdout.write("[\n  " if empty else ",\n  ")
        sys.stdout.write(row)
        empty = False
    click.echo("[]" if empty else "\n]")


def _print_table(names: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not records:
        click.echo("no rows", err=True)
        return
    wide = None if sys.stdout.isatty() else 10_000
    console = Console(width=wide, soft_wrap=False)
    if _least_width(names, records) > console.width:
        _print_blocks(names, records)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        numeric = all(isinstance(record[place], (int, float, type(None))) for record in records)
        # Text, not markup: a title, or a column's name, may hold square brackets.
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for record in records:
        table.add_row(*(Text(_cell(value)) for value in record))
    with console.capture() as captured:
        console.print(table)
    # What is padded for the eye alone only lengthens what a pipe or a page gets.
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _least_width(names: Sequence[str], records: Sequence[Sequence[Any]]) -> int:
    """The columns that a table needs to be read: less, and its words are cut into letters one below the other."""
    from rich.cells import cell_len

    columns = [
        max(cell_len(name), *(cell_len(_cell(record[place])) for record in records))
        for place, name in enumerate(names)
    ]
    return sum(min(width, LEGIBLE) + 2 for width in columns) - 2


def _print_blocks(names: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    """A line for every value, and a free line between records, where a table has no room."""
    longest = max(len(name) for name in names)
    blocks = (
        "\n".join(
            f"{name:{longest}}  {_cell(value)}".rstrip() for name, value in zip(names, record, strict=True)
        )
        for record in records
    )
    click.echo("\n\n".join(blocks))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"  # minus nothing is nothing
    words = _words(value)
    if words is not None:
        return printable(words)
    shown = json_value(value) if isinstance(value, (datetime, date, bytes)) else value
    text = json.dumps(shown, ensure_ascii=False) if isinstance(shown, (dict, list)) else str(shown)
    return printable(text)


def _words(value: Any) -> str | None:
    """The reasons of a suspect in words; None for anything else. SQLite gives JSON as text."""
    if isinstance(value, str) and value.startswith("[{") and '"words"' in value:
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return None
    if not isinstance(value, list) or not value:
        return None
    said: list[Any] = [one.get("words") for one in value if isinstance(one, dict)]
    return "; ".join(said) if len(said) == len(value) and all(isinstance(one, str) for one in said) else None
