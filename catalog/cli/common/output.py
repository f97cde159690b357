"""Output of commands: rows to stdout as a table, JSON or CSV; remarks to stderr."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any, TextIO, TypeVar

import click

from catalog.cli.common.standard_streams import is_unicode, use_utf8
from catalog.db.query.cell_format import (
    csv_writer,
    escape_json,
    json_row,
    json_value,
    safe_cell,
    unique_names,
)
from catalog.text import printable

Function = TypeVar("Function", bound=Callable[..., Any])
Row = Mapping[str, Any]

log = logging.getLogger("catalog")

BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
JSON_SCHEMA = 1
"""Version of the JSON objects: raised when a key is removed or renamed, or changes its meaning."""
MIN_COLUMN_WIDTH = 20
"""Width in characters to which a table may wrap a longer column."""


def format_options(function: Function) -> Function:
    """Adds --table, --json and --csv to a command that prints rows; it receives `output_format`."""
    for name, help_text in (("csv", "Print CSV."), ("json", "Print JSON."), ("table", "Print a table.")):
        function = click.option(
            f"--{name}",
            "output_format",
            flag_value=name,
            type=str,
            default="table",
            show_default=False,
            help=help_text + ("  [default]" if name == "table" else ""),
        )(function)
    return function


def print_rows(rows: Iterable[Row], output_format: str, columns: Sequence[str] | None = None) -> None:
    """Prints rows to stdout; the columns default to those of the first row.

    JSON and CSV are streamed: memory does not grow with the number of rows.
    """
    if output_format == "json":
        _print_json_rows(json_row(list(row), list(row.values())) for row in rows)
        return
    remaining = iter(rows)
    first = next(remaining, None)
    names = list(columns) if columns is not None else list(first or {})
    all_rows = chain([] if first is None else [first], remaining)
    print_records(names, ([row.get(name) for name in names] for row in all_rows), output_format)


def print_records(columns: Sequence[str], records: Iterable[Sequence[Any]], output_format: str) -> None:
    """Prints records whose columns may have duplicate names; in JSON the second `id` becomes `id_2`."""
    if output_format == "json":
        names = unique_names(columns)
        _print_json_rows(json_row(names, record) for record in records)
    elif output_format == "csv":
        use_utf8(sys.stdout)
        writer = csv_writer(sys.stdout)
        writer.writerow(columns)
        # Exact for programs; without control characters for a terminal.
        cell = _printable_cell if sys.stdout.isatty() else safe_cell
        writer.writerows([cell(value) for value in record] for record in records)
    else:
        _print_table(columns, list(records))


def print_json(value: Any) -> None:
    """Prints one value as JSON to stdout. An object begins with the version of the schema, see docs/json.md."""
    if isinstance(value, Mapping):
        value = {"schema": JSON_SCHEMA, **value}
    _print_line(
        _encodable_json(escape_json(json.dumps(value, default=json_value, ensure_ascii=False, indent=2)))
    )


def echo(message: str) -> None:
    """Prints lines with control characters replaced, since they may contain names and titles."""
    _print_line(_lines(message))


def echo_summary(message: str) -> None:
    """Prints what a command did to stdout, unless --quiet. For a dry run it is the result, which is always printed."""
    context = click.get_current_context(silent=True)
    if not is_quiet() or (context is not None and context.params.get("dry_run")):
        echo(message)


def say(message: str = "") -> None:
    """Prints a remark to stderr, unless --quiet; with --log-json it becomes a log entry."""
    if logs_json():
        log.info(message)
    elif not is_quiet():
        _print_line(_lines(message), sys.stderr)


def warn(message: str) -> None:
    """Prints a warning to stderr, also with --quiet; with --log-json it becomes a log entry."""
    if logs_json():
        log.warning(message)
        return
    _print_line(_lines(f"warning: {message}"), sys.stderr)


def is_quiet() -> bool:
    """Whether -q was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("catalog.quiet"))


def logs_json() -> bool:
    """Whether --log-json was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("catalog.log_json"))


def _print_line(text: str, stream: TextIO | None = None) -> None:
    """Prints to stdout or another stream. Not by click, which writes UTF-8 to a stream in ASCII."""
    print(text, file=stream or sys.stdout, flush=True)


def _encodable_json(text: str) -> str:
    r"""The JSON text, with characters beyond ASCII as `\u0103` if the encoding of stdout may lack them."""
    if is_unicode(sys.stdout.encoding):
        return text
    return BEYOND_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _lines(message: str) -> str:
    return "\n".join(map(printable, message.split("\n")))


def _printable_cell(value: Any) -> Any:
    cell = safe_cell(value)
    return printable(cell) if isinstance(cell, str) else cell


def _print_json_rows(rows: Iterable[str]) -> None:
    empty = True
    for row in rows:
        # Not flushed: a million rows would take minutes.
        sys.stdout.write("[\n  " if empty else ",\n  ")
        sys.stdout.write(_encodable_json(row))
        empty = False
    _print_line("[]" if empty else "\n]")


def _print_table(names: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not records:
        _print_line("no rows", sys.stderr)
        return
    width = None if sys.stdout.isatty() else 10_000
    console = Console(width=width, soft_wrap=False)
    if _min_width(names, records) > console.width:
        _print_blocks(names, records)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(names):
        numeric = all(isinstance(record[index], (int, float, type(None))) for record in records)
        # Text instead of markup: titles and column names may contain square brackets.
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for record in records:
        table.add_row(*(Text(_cell(value)) for value in record))
    with console.capture() as captured:
        console.print(table)
    # Without trailing spaces, which would only lengthen the output of a pipe.
    _print_line("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _min_width(names: Sequence[str], records: Sequence[Sequence[Any]]) -> int:
    """Returns the width below which a table would wrap columns to a few letters per line."""
    from rich.cells import cell_len

    columns = [
        max(cell_len(name), *(cell_len(_cell(record[index])) for record in records))
        for index, name in enumerate(names)
    ]
    return sum(min(width, MIN_COLUMN_WIDTH) + 2 for width in columns) - 2


def _print_blocks(names: Sequence[str], records: Sequence[Sequence[Any]]) -> None:
    """Prints one line per value and a blank line between records, where a table does not fit."""
    longest = max(len(name) for name in names)
    blocks = (
        "\n".join(
            f"{name:{longest}}  {_cell(value)}".rstrip() for name, value in zip(names, record, strict=True)
        )
        for record in records
    )
    _print_line("\n\n".join(blocks))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"  # turns -0.0 into 0
    plain = json_value(value) if isinstance(value, (datetime, date, bytes)) else value
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, (dict, list)) else str(plain)
    return printable(text)
