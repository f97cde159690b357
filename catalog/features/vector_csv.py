"""Vectors in CSV files: FMA's layout with three header rows, or a flat one with one; any size, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.csvio.csv_source import BoundedLines, CsvSourceError, ImportIssues, with_line_feeds

MAX_DIMENSIONS = 20_000

MISSING = "a number is missing or infinite; skipped"


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file of vectors."""

    dimensions: tuple[str, ...]
    """In FMA's layout the three names joined by dots: `mfcc.mean.01`."""
    key: str
    """The name of the first column; empty if it has none."""
    columns: tuple[int, ...]
    """Positions of the dimensions among the cells."""
    cells: int
    """Cells per row."""
    is_official: bool
    """Whether it is in FMA's layout."""
    first: str | None
    """A row of values that was read to find the end of the header."""


def read_header(lines: BoundedLines, *, omit: frozenset[str] = frozenset()) -> Header:
    """Reads the header; the next line is the first row of values.

    In FMA's layout the fourth row is `track_id` followed by empty cells. Dimensions whose name begins with one of
    `omit` are left out. Raises CsvSourceError if there is no header, no dimension, or a duplicate name.
    """
    name = lines.name
    first = _cells(lines.take())
    if len(first) < 2:
        raise CsvSourceError(
            f"{name}, line 1: no header; expected a key column and at least one number column, separated by commas"
        )
    if len(first) > MAX_DIMENSIONS:
        raise CsvSourceError(f"{name}, line 1: {len(first):,} columns; the maximum is {MAX_DIMENSIONS:,}")
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
            raise CsvSourceError(
                f"{name}: invalid header; after three rows of names, the fourth row must be track_id and empty cells"
            )
        names = [".".join(part.strip() for part in parts) for parts in zip(*levels, strict=True)]
        ahead = None
    positions = [at for at in range(1, len(names)) if not names[at].startswith(tuple(omit))]
    dimensions = tuple(names[at] for at in positions)
    if not dimensions or not all(dimensions):
        raise CsvSourceError(f"{name}, line 1: a column has no name")
    if len(set(dimensions)) != len(dimensions):
        raise CsvSourceError(f"{name}, line 1: two columns have the same name")
    if all(_is_number(each) for each in dimensions):
        raise CsvSourceError(f"{name}, line 1: numbers instead of column names")
    return Header(dimensions, key, tuple(positions), len(first), is_official, ahead)


def read_vectors(
    lines: BoundedLines, header: Header, issues: ImportIssues, size: int
) -> Iterator[list[tuple[int, str, Float32]]]:
    """Batches of at most `size` (line, key, vector). Incomplete and non-finite vectors are reported and skipped."""
    # Loading the compiled reader takes half a second, so it is imported only when vectors are read.
    from catalog.csvio.float_parser import NOT_PLAIN, read_rows

    columns = np.asarray(header.columns) - 1
    is_dimension = np.isin(np.arange(header.cells - 1), columns)
    ahead = [] if header.first is None else [with_line_feeds(header.first.encode())]
    number = lines.taken - len(ahead)
    found: list[tuple[int, str, Float32]] = []
    left = size
    for block in chain(ahead, lines.blocks()):
        text = np.frombuffer(block, np.uint8)
        at = 0
        while at < len(block):
            count = min(left, block.count(b"\n", at))
            values = np.empty((count, len(columns)), np.float32)
            bounds = np.empty((count, 3), np.int64)
            read_rows(text, at, is_dimension, values, bounds)
            at, left = int(bounds[-1, 2]), left - count
            for parsed, (begin, key_end, end) in zip(values, bounds.tolist(), strict=True):
                number += 1
                if key_end != NOT_PLAIN:
                    found.append((number, block[begin:key_end].decode().strip(), parsed))
                    continue
                key, vector, reason = _parse(block[begin:end], header, columns)
                if vector is not None:
                    found.append((number, key, vector))
                elif reason:
                    issues.add(lines.name, number, reason)
                else:
                    issues.blank += bool(key)
            if left == 0:
                yield found
                found, left = [], size
    if found:
        yield found


def _parse(line: bytes, header: Header, columns: npt.NDArray[np.int64]) -> tuple[str, Float32 | None, str]:
    """The key and the numbers of a row, or the reason why there are none; no reason for a row with only a key."""
    text = line.decode("utf-8", "replace").strip()
    cells = _cells(text) if '"' in text else text.split(",")
    key = cells[0].strip() if cells else ""
    if not text:
        return key, None, ""
    if len(cells) != header.cells:
        return key, None, f"{len(cells) - 1:,} numbers instead of {header.cells - 1:,}; skipped"
    del cells[0]
    cells = [cells[at] for at in columns]
    if not all(cells):
        return key, None, MISSING if any(cells) else ""
    try:
        with np.errstate(over="ignore"):
            values = np.array(cells, dtype=np.float32)
    except ValueError:
        return key, None, "a cell is not a number; skipped"
    if not np.isfinite(values).all():
        return key, None, MISSING
    return key, values, ""


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _is_level(line: str, columns: int) -> bool:
    """Whether a second row holds names: as many cells as the first, and no number."""
    cells = _cells(line)
    return len(cells) == columns and not any(_is_number(cell) for cell in cells[1:]) and any(cells[1:])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
