"""Vectors in a CSV: FMA's layout with three rows of headers, or flat with one; any size, row by row."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from catalog.collection.csv_source import Lines, Problems, SourceUnusable

Float32 = npt.NDArray[np.float32]

MOST_DIMENSIONS = 20_000


@dataclass(frozen=True, slots=True)
class Header:
    """What the columns of a file of vectors are."""

    dimensions: tuple[str, ...]
    """In FMA's layout the three names with a dot between, `mfcc.mean.01`."""
    key: str
    """What the first column is called; empty where the file does not say."""
    columns: tuple[int, ...]
    """Places of the dimensions among the cells."""
    cells: int
    """How many a row has."""
    is_official: bool
    """Whether it is in FMA's layout."""
    first: str | None
    """A row of values that had to be read to know the header's end."""


def read_header(lines: Lines, *, omit: frozenset[str] = frozenset()) -> Header:
    """Reads the header and leaves the lines at the first row of values.

    A file is in FMA's layout where the first cell of its fourth row is `track_id` and the rest of it is empty.
    Dimensions whose name begins with one of `omit` are left out. Raises SourceUnusable where there is no header, or
    no dimension, or two share a name.
    """
    name = lines.name
    first = _cells(lines.take())
    if len(first) < 2:
        raise SourceUnusable(f"{name}, line 1: no header; a key and at least one number are needed")
    if len(first) > MOST_DIMENSIONS:
        raise SourceUnusable(f"{name}, line 1: {len(first):,} columns; {MOST_DIMENSIONS:,} at most")
    second = lines.take()
    ahead: str | None = second or None
    key = first[0].strip()
    names = [cell.strip() for cell in first]
    is_official = _is_level(second, len(first))
    if is_official:
        levels = [first, _cells(second), _cells(lines.take())]
        index = _cells(lines.take())
        key = index[0].strip() if index else ""
        if any(len(level) != len(first) for level in levels) or key == "" or any(index[1:]):
            raise SourceUnusable(
                f"{name}: a wrong header; after three rows of names the fourth begins with track_id and is "
                "empty but for that"
            )
        names = [".".join(part.strip() for part in parts) for parts in zip(*levels, strict=True)]
        ahead = None
    chosen = [at for at in range(1, len(names)) if not names[at].startswith(tuple(omit))]
    dimensions = tuple(names[at] for at in chosen)
    if not dimensions or not all(dimensions):
        raise SourceUnusable(f"{name}, line 1: a column has no name")
    if len(set(dimensions)) != len(dimensions):
        raise SourceUnusable(f"{name}, line 1: two columns have one name")
    if all(_is_number(each) for each in dimensions):
        raise SourceUnusable(f"{name}, line 1: numbers where the names of columns should be")
    return Header(dimensions, key, tuple(chosen), len(first), is_official, ahead)


def read_vectors(
    lines: Lines, header: Header, problems: Problems, size: int
) -> Iterator[list[tuple[int, str, Float32]]]:
    """Batches of at most `size` (line, key, vector). What is no whole, finite vector is a problem and left out."""
    whole = len(header.columns) == header.cells - 1
    columns = None if whole else np.asarray(header.columns) - 1
    rest = lines.rest() if header.first is None else chain([header.first.encode()], lines.rest())
    number = lines.taken - (header.first is not None)
    while batch := list(islice(rest, size)):
        found = []
        with warnings.catch_warnings():
            # What is said of a row that cannot be read; the slow way says it better.
            warnings.simplefilter("error")
            for line in batch:
                number += 1
                quick = _parse_plain(line, len(header.columns)) if whole else None
                if quick is not None:
                    found.append((number, *quick))
                    continue
                key, values, reason = _parse(line.decode("utf-8", "replace").strip(), header, columns)
                if values is not None:
                    found.append((number, key, values))
                elif reason:
                    problems.add(lines.name, number, reason)
                else:
                    problems.blank += bool(key)
        yield found


def _parse_plain(line: bytes, size: int) -> tuple[str, Float32] | None:
    """The key and the numbers of a row that is nothing but numbers behind a key; None for any other."""
    key, _, rest = line.rstrip().partition(b",")
    if rest.count(b",") != size - 1 or b'"' in key:
        return None
    try:
        values = np.fromstring(rest, dtype=np.float32, sep=",")
        if len(values) != size or not np.isfinite(values).all():
            return None
        return key.decode("ascii").strip(), values
    except (ValueError, DeprecationWarning, RuntimeWarning):
        return None


def _parse(
    text: str, header: Header, columns: npt.NDArray[np.int64] | None
) -> tuple[str, Float32 | None, str]:
    """The key and the numbers of a row, or why it has none; no reason where a row is empty but for its key."""
    cells = _cells(text) if '"' in text else text.split(",")
    key = cells[0].strip() if cells else ""
    if not text:
        return key, None, ""
    if len(cells) != header.cells:
        return key, None, f"{len(cells) - 1:,} numbers instead of {header.cells - 1:,}"
    del cells[0]
    if columns is not None:
        cells = [cells[at] for at in columns]
    if not all(cells):
        return key, None, "a number is missing or infinite" if any(cells) else ""
    try:
        with np.errstate(over="ignore"):
            values = np.array(cells, dtype=np.float32)
    except ValueError:
        return key, None, "a cell that is no number"
    if not np.isfinite(values).all():
        return key, None, "a number is missing or infinite"
    return key, values, ""


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _is_level(line: str, columns: int) -> bool:
    """Whether a second row is one of names: as long as the first, and not one number in it."""
    cells = _cells(line)
    return len(cells) == columns and not any(_is_number(cell) for cell in cells[1:]) and any(cells[1:])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
