"""Result values formatted for files: CSV cells without formulas, JSON without NaN and infinity."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain, count
from typing import Any, Protocol, TextIO

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Prefixes of formulas (OWASP, CSV injection); the last four are full-width forms for East Asian spreadsheets.

Apostrophes before them count, so that `unguard` restores every text.
"""
LATE_CONTROLS = re.compile("[\x7f-\x9f]")


class RowWriter(Protocol):
    """What `csv.writer` returns."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Writes one row."""

    def writerows(self, rows: Iterable[Iterable[Any]], /) -> None:
        """Writes several rows."""


class _LineFeeds:
    """Ends rows with a line feed. A `csv.writer` that does so leaves carriage returns in cells without quotes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        self._stream.write(f"{row[:-2]}\n")


def csv_writer(stream: TextIO) -> RowWriter:
    """A CSV writer whose rows end with a line feed, as other commands expect in a pipe."""
    return csv.writer(_LineFeeds(stream))


def plain_cell(value: Any) -> Any:
    """A number, truth value or None as it is; anything else as text: times, bytes, lists."""
    text = json_value(value) if isinstance(value, (datetime, date, bytes)) else value
    return (
        json.dumps(text, ensure_ascii=False, default=json_value) if isinstance(text, (dict, list)) else text
    )


def safe_cell(value: Any) -> Any:
    """A CSV cell that spreadsheets do not evaluate as a formula; a title may begin with an equals sign."""
    text = plain_cell(value)
    return guard(text) if isinstance(text, str) else text


def guard(text: str) -> str:
    """The text with a leading apostrophe if a spreadsheet program would evaluate it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text without the apostrophe that `guard` added."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def json_value(value: Any) -> str:
    """Text for a value that JSON cannot represent: ISO 8601 for times, hexadecimal for bytes."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def finite(value: Any) -> Any:
    """The value, or None for NaN and infinity, which JSON cannot represent."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_row(names: Sequence[str], record: Sequence[Any]) -> str:
    """One record as a JSON object on one line; names must be unique."""
    row = {name: finite(value) for name, value in zip(names, record, strict=True)}
    return escape_json(json.dumps(row, default=json_value, ensure_ascii=False))


def escape_json(text: str) -> str:
    """The JSON text with U+007F to U+009F escaped: JSON allows them, and a terminal may obey U+009B."""
    return LATE_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names made unique: the second `id` becomes `id_2`."""
    unique: list[str] = []
    for name in names:
        candidates = chain([name], (f"{name}_{number}" for number in count(2)))
        unique.append(next(candidate for candidate in candidates if candidate not in unique))
    return unique
