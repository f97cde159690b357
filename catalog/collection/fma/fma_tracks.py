"""Reading of the Free Music Archive's `tracks.csv`: three header rows, HTML cells that span lines."""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import BoundedLines, ImportIssues, rows
from catalog.csvio.id_bitmap import IdBitmap
from catalog.text import sanitize

SUBSETS = ("small", "medium", "large", "full")
"""Each subset contains those before it; `full` is all tracks."""
SPLITS = ("training", "validation", "test")
MAX_ID = 99_999_999
"""Ids have six digits; a number of more than eight digits is not an id."""

_MAX_INTEGER = 2**31 - 1
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")

REQUIRED = (
    ("album", "id"),
    ("album", "title"),
    ("artist", "id"),
    ("artist", "name"),
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "genres"),
    ("track", "title"),
)
OPTIONAL = (
    ("album", "date_released"),
    ("album", "information"),
    ("track", "bit_rate"),
    ("track", "composer"),
    ("track", "date_created"),
    ("track", "date_recorded"),
    ("track", "duration"),
    ("track", "favorites"),
    ("track", "interest"),
    ("track", "language_code"),
    ("track", "license"),
    ("track", "listens"),
    ("track", "number"),
    ("track", "publisher"),
    ("track", "tags"),
)
COLUMNS = (*REQUIRED, *OPTIONAL)
LONG_CELL = 200
"""Length in characters from which fewer cells are cached."""


class FmaTrack(NamedTuple):
    """One row; an empty cell is None."""

    line: int
    id: int
    title: str | None
    artist_id: str | None
    artist: str | None
    album_id: str | None
    album: str | None
    released: str | None
    information: str | None
    duration: int | None
    bit_rate: int | None
    number: int | None
    year: int | None
    subset: str | None
    split: str | None
    genre_top: str | None
    genres: tuple[int, ...]
    own: tuple[object, ...]
    """The other columns of `fma_track`, from `license` to `tags`, in the table's order."""


def read_columns(table: Iterator[tuple[int, list[str]]], file: str) -> dict[tuple[str, str], int]:
    """The index of each used column, from the first rows of a table; `("", "")` is the number of columns.

    Raises CsvSourceError if the header is invalid or lacks a column.
    """
    header = [cells for _, cells in islice(table, 3)]
    if (
        len(header) < 3
        or header[2][:1] != ["track_id"]
        or len(header[0]) != len(header[1])
        or any(header[2][1:])
    ):
        raise CsvSourceError(
            f"{file}, lines 1 to 3: invalid header; expected two rows of names and a third that starts with track_id"
        )
    indexes = {names: index for index, names in enumerate(zip(header[0], header[1], strict=True))}
    missing = [".".join(names) for names in REQUIRED if names not in indexes]
    if missing:
        raise CsvSourceError(f"{file}, lines 1 and 2: the column {', '.join(missing)} is missing")
    return {names: indexes[names] for names in COLUMNS if names in indexes} | {("", ""): len(header[0])}


def read_tracks(lines: BoundedLines, problems: ImportIssues, subset: str = "full") -> Iterator[FmaTrack]:
    """The tracks of a subset. Rows with missing cells or with an invalid or repeated id are skipped and reported."""
    table = rows(lines)
    indexes = read_columns(table, lines.name)
    width = indexes.pop(("", ""))
    # A missing column is read from an empty cell that is appended to each row.
    used_cells = itemgetter(*(indexes.get(names, width) for names in COLUMNS))
    subset_index = indexes["set", "subset"]
    subsets = frozenset(SUBSETS[: SUBSETS.index(subset) + 1])
    seen = IdBitmap()
    for line, cells in table:
        if len(cells) != width:
            problems.add(lines.name, line, f"{len(cells)} cells instead of {width}; skipped")
            continue
        number = _id(cells[0])
        if number is None:
            problems.add(lines.name, line, f"{cells[0][:40]!r} is not a track id; skipped")
        elif not seen.add(number):
            problems.add(lines.name, line, f"track {number} occurs twice; skipped")
        elif subset == "full" or cells[subset_index] in subsets:
            cells.append("")
            cell = dict(zip(COLUMNS, used_cells(cells), strict=True))
            genres = _numbers(cell["track", "genres"])
            if genres is None:
                reason = "the genres are not a list of numbers; imported without them"
                problems.add(lines.name, line, reason)
            yield _track(line, number, cell, genres or ())
    problems.add_undecoded(lines)


def _track(line: int, number: int, cell: Mapping[tuple[str, str], str], genres: tuple[int, ...]) -> FmaTrack:
    released, recorded = _text(cell["album", "date_released"]), _text(cell["track", "date_recorded"])
    return FmaTrack(
        line=line,
        id=number,
        title=_text(cell["track", "title"]),
        artist_id=_text(cell["artist", "id"]),
        artist=_text(cell["artist", "name"]),
        album_id=_text(cell["album", "id"]),
        album=_text(cell["album", "title"]),
        released=released,
        information=_text(cell["album", "information"]),
        duration=_integer(cell["track", "duration"]),
        bit_rate=_integer(cell["track", "bit_rate"]),
        number=_integer(cell["track", "number"]) or None,
        year=_year(released) or _year(recorded),
        subset=_one_of(SUBSETS[:3], cell["set", "subset"]),
        split=_one_of(SPLITS, cell["set", "split"]),
        genre_top=_text(cell["track", "genre_top"]),
        genres=genres,
        own=(
            _text(cell["track", "license"]),
            _integer(cell["track", "listens"]),
            _integer(cell["track", "favorites"]),
            _integer(cell["track", "interest"]),
            _text(cell["track", "date_created"]),
            recorded,
            _text(cell["track", "language_code"]),
            _text(cell["track", "composer"]),
            _text(cell["track", "publisher"]),
            _words(cell["track", "tags"]),
        ),
    )


def _one_of(values: tuple[str, ...], cell: str) -> str | None:
    text = _text(cell)
    return text if text in values else None


def _text(cell: str) -> str | None:
    """The cell on one line. Long cells repeat within an album, so that a small cache is enough for them."""
    if not cell:
        return None
    return _cleaned(cell) if len(cell) > LONG_CELL else _cleaned_short(cell)


@lru_cache(maxsize=256)
def _cleaned(cell: str) -> str | None:
    return sanitize(cell) or None


@lru_cache(maxsize=10_000)
def _cleaned_short(cell: str) -> str | None:
    plain = cell.isascii() and cell.isprintable()
    return (cell.strip() if plain else sanitize(cell)) or None


def _id(cell: str) -> int | None:
    return int(cell) if cell.isdecimal() and cell.isascii() and 0 < int(cell[:12]) <= MAX_ID else None


@lru_cache(maxsize=10_000)
def _integer(cell: str) -> int | None:
    """A 32-bit integer; pandas writes it as `3.0` in a column with empty cells."""
    text = _text(cell)
    if text is None:
        return None
    plain = text.removesuffix(".0")
    if not (plain.isascii() and plain.removeprefix("-").isdecimal()) or len(plain) > 11:
        return None
    number = int(plain)
    return number if abs(number) <= _MAX_INTEGER else None


@lru_cache(maxsize=1_000)
def _year(date: str | None) -> int | None:
    match = _YEAR.match(date) if date else None
    return int(match[1]) if match else None


@lru_cache(maxsize=20_000)
def _numbers(cell: str) -> tuple[int, ...] | None:
    """A list such as `[21, 12]`; None if the cell is not a list of numbers."""
    try:
        values = json.loads(cell or "[]")
    except ValueError:
        return None
    if not isinstance(values, list) or len(values) > 100:
        return None
    if not all(type(value) is int and 0 < value <= _MAX_INTEGER for value in values):
        return None
    return tuple(dict.fromkeys(values))


def _words(cell: str) -> list[str] | None:
    """A Python list of texts such as `['awol', "d'n'b"]`; None if the cell is empty or not a list."""
    if len(cell) < 4 or len(cell) > 100_000:
        return None
    try:
        values = literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(values, list):
        return None
    return [word for value in values if isinstance(value, str) and (word := sanitize(value))] or None
