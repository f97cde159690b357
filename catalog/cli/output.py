"""How verbs print: rows to stdout as a table, JSON or CSV; remarks and progress to stderr."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
Row = Mapping[str, Any]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    """Prints rows to stdout. Columns are those of the first row unless they are given."""
    if output_format == "json":
        click.echo(json.dumps([dict(row) for row in rows], default=_plain, ensure_ascii=False, indent=2))
        return
    listed = [dict(row) for row in rows]
    names = list(columns) if columns is not None else list(listed[0]) if listed else []
    if output_format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows([[safe_cell(row.get(name)) for name in names] for row in listed])
    else:
        _print_table(names, listed)


def print_json(value: Any) -> None:
    """Prints one value as JSON to stdout."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def safe_cell(value: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula: a title may begin with an equals sign."""
    text = _plain(value) if isinstance(value, (datetime, date, bytes)) else value
    if isinstance(text, (dict, list)):
        text = json.dumps(text, ensure_ascii=False, default=_plain)
    if isinstance(text, str) and text.startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


def say(message: str = "") -> None:
    """A remark to stderr, unless --quiet."""
    if not is_quiet():
        click.echo(message, err=True)


def warn(message: str) -> None:
    """A warning to stderr, also with --quiet."""
    click.echo(f"warning: {message}", err=True)


def is_quiet() -> bool:
    """Whether -q was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("catalog.quiet"))


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
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=None, remark="")

        def advance(done: int, total: int | None, remark: str) -> None:
            bar.update(task, completed=done, total=total, remark=remark)

        yield advance


def _print_table(names: Sequence[str], rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        click.echo("no rows", err=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        numeric = all(isinstance(row.get(name), (int, float, type(None))) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a title may hold square brackets.
        table.add_row(*(Text(_cell(row.get(name))) for name in names))
    wide = None if sys.stdout.isatty() else 10_000
    Console(width=wide, soft_wrap=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    plain = _plain(value) if isinstance(value, (datetime, date, bytes)) else value
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, (dict, list)) else str(plain)
    # A control character in a title must not reach the terminal.
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
