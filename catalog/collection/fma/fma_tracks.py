"""The rows of the Free Music Archive's `tracks.csv`: three rows of header, cells of HTML that span lines."""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from catalog.csvio.csv_source import BoundedLines, CsvSourceError, ImportIssues, rows
from catalog.csvio.id_set import IdSet
from catalog.text import sanitize

SUBSETS = ("small", "medium", "large", "full")
"""Each holds those before it; `full` is everything."""
SPLITS = ("training", "validation", "test")
LARGEST_ID = 99_999_999
"""Ids have six digits; what has more than eight is none."""

_INTEGER = 2**31 - 1
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
LONG = 200
"""Characters of a cell of which not many are kept in mind."""


class FmaTrack(NamedTuple):
    """One row; what a cell does not say is None."""

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
    """The rest of the columns of `fma_track`: from `license` to `tags`, in the table's order."""


def read_columns(table: Iterator[tuple[int, list[str]]], file: str) -> dict[tuple[str, str], int]:
    """The place of each column that is used, from the first rows of a table; `("", "")` is how many there are. Raises CsvSourceError where the header is none, or lacks a column."""
    header = [cells for _, cells in islice(table, 3)]
    if (
        len(header) < 3
        or header[2][:1] != ["track_id"]
        or len(header[0]) != len(header[1])
        or any(header[2][1:])
    ):
        raise CsvSourceError(
            f"{file}, lines 1 to 3: a wrong header; two rows of names and one that begins with track_id are needed"
        )
    places = {(above, below): at for at, (above, below) in enumerate(zip(header[0], header[1], strict=True))}
    lacking = [".".join(each) for each in REQUIRED if each not in places]
    if lacking:
        raise CsvSourceError(f"{file}, lines 1 and 2: there is no column {', '.join(lacking)}")
    return {each: places[each] for each in (*REQUIRED, *OPTIONAL) if each in places} | {
        ("", ""): len(header[0])
    }


def read_tracks(lines: BoundedLines, problems: ImportIssues, subset: str = "full") -> Iterator[FmaTrack]:
    """The tracks of a subset. A row that is short, or whose id is none or was met before, is a problem and left out."""
    table = rows(lines)
    places = read_columns(table, lines.name)
    width = places.pop(("", ""))
    # A column that is not there is read from an empty cell behind the last.
    used = itemgetter(*(places.get(each, width) for each in (*REQUIRED, *OPTIONAL)))
    subset_at = places["set", "subset"]
    wanted = frozenset(SUBSETS[: SUBSETS.index(subset) + 1])
    seen = IdSet()
    for line, cells in table:
        if len(cells) != width:
            problems.add(lines.name, line, f"{len(cells)} cells instead of {width}; left out")
            continue
        number = _id(cells[0])
        if number is None:
            problems.add(lines.name, line, f"{cells[0][:40]!r} is no track id; left out")
        elif not seen.add(number):
            problems.add(lines.name, line, f"track {number} for the second time; left out")
        elif subset == "full" or cells[subset_at] in wanted:
            cells.append("")
            yield _track(line, number, used(cells), lines.name, problems)
    problems.add_undecoded(lines)


def _track(
    line: int,
    number: int,
    cells: Sequence[str],
    file: str,
    problems: ImportIssues,
) -> FmaTrack:
    """A row from the cells of REQUIRED and OPTIONAL, in that order."""
    (
        album_id,
        album,
        artist_id,
        artist,
        split,
        subset,
        genre_top,
        listed,
        title,
        released,
        information,
        bit_rate,
        composer,
        created,
        recorded,
        duration,
        favorites,
        interest,
        language,
        license_,
        listens,
        at,
        publisher,
        tags,
    ) = cells
    genres = _numbers(listed)
    if genres is None:
        problems.add(file, line, "its genres are no list of numbers; brought in without them")
    released_, recorded_ = _text(released), _text(recorded)
    return FmaTrack(
        line,
        number,
        _text(title),
        _text(artist_id),
        _text(artist),
        _text(album_id),
        _text(album),
        released_,
        _text(information),
        _integer(duration),
        _integer(bit_rate),
        _integer(at) or None,
        _year(released_) or _year(recorded_),
        _one_of(SUBSETS[:3], subset),
        _one_of(SPLITS, split),
        _text(genre_top),
        genres or (),
        (
            _text(license_),
            _integer(listens),
            _integer(favorites),
            _integer(interest),
            _text(created),
            recorded_,
            _text(language),
            _text(composer),
            _text(publisher),
            _words(tags),
        ),
    )


def _one_of(known: tuple[str, ...], cell: str) -> str | None:
    text = _text(cell)
    return text if text in known else None


def _text(cell: str) -> str | None:
    """The cell on one line; what is long is the same for every track of an album."""
    if not cell:
        return None
    return _cleaned(cell) if len(cell) > LONG else _cleaned_short(cell)


@lru_cache(maxsize=256)
def _cleaned(cell: str) -> str | None:
    return sanitize(cell) or None


@lru_cache(maxsize=10_000)
def _cleaned_short(cell: str) -> str | None:
    plain = cell.isascii() and cell.isprintable()
    return (cell.strip() if plain else sanitize(cell)) or None


def _id(cell: str) -> int | None:
    return int(cell) if cell.isdecimal() and cell.isascii() and 0 < int(cell[:12]) <= LARGEST_ID else None


@lru_cache(maxsize=10_000)
def _integer(cell: str) -> int | None:
    """A whole number that every database holds; pandas writes it as `3.0` in a column with gaps."""
    text = _text(cell)
    if text is None:
        return None
    plain = text.removesuffix(".0")
    if not (plain.isascii() and plain.removeprefix("-").isdecimal()) or len(plain) > 11:
        return None
    number = int(plain)
    return number if abs(number) <= _INTEGER else None


@lru_cache(maxsize=1_000)
def _year(date: str | None) -> int | None:
    found = _YEAR.match(date) if date else None
    return int(found[1]) if found else None


@lru_cache(maxsize=20_000)
def _numbers(cell: str) -> tuple[int, ...] | None:
    """`[21, 12]`; None for what is no list of numbers."""
    try:
        found = json.loads(cell or "[]")
    except ValueError:
        return None
    if not isinstance(found, list) or len(found) > 100:
        return None
    if not all(type(each) is int and 0 < each <= _INTEGER for each in found):
        return None
    return tuple(dict.fromkeys(found))


def _words(cell: str) -> list[str] | None:
    """`['awol', "d'n'b"]`, as Python writes a list of texts; None where there is none."""
    if len(cell) < 4 or len(cell) > 100_000:
        return None
    try:
        found = literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    return [word for each in found if isinstance(each, str) and (word := sanitize(each))] or None
