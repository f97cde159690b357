"""Vectors in CSV files: FMA's layout with three header rows, or a flat one with one; any size, row by row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import BoundedLines, ImportIssues, with_line_feeds
from catalog.csvio.csv_table import MAX_PREAMBLE, declared_separator, fold_name
from catalog.db.query.cell_format import unguard

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
    separator: str = ","
    decimal: str = "."
    """The decimal mark: a comma in files of many European spreadsheet programs."""
    key_at: int = 0
    """The position of the key."""
    texts: tuple[str, ...] = ()
    """Columns of text, which were left out."""


def read_header(lines: BoundedLines, *, omit: frozenset[str] = frozenset(), key: str | None = None) -> Header:
    """Reads the header; the next line is the first row of values.

    Blank lines, comments, `sep=;` and titles may precede it. In FMA's layout the fourth row is `track_id` followed by
    empty cells. Dimensions whose name begins with one of `omit` are left out, in a flat file also columns of text.
    `key` is the name of the key column (default: the first one). Raises CsvSourceError if there is no header, no
    dimension, no such column, or a duplicate name.
    """
    name = lines.name
    ahead = lines.peek(MAX_PREAMBLE)
    separator, place = _find_header(ahead)
    for _ in range(place):
        lines.take()
    first = _cells(lines.take().lstrip("#"), separator)
    line = lines.taken or 1
    if len(first) < 2:
        raise CsvSourceError(
            f"{name}, line {line}: no header; expected a key column and at least one number column, "
            "with one of the separators , ; | or tab"
        )
    if len(first) > MAX_DIMENSIONS:
        raise CsvSourceError(
            f"{name}, line {line}: {len(first):,} columns; the maximum is {MAX_DIMENSIONS:,}"
        )
    second = lines.take()
    names = [unguard(cell).strip() for cell in first]
    if _is_level(second, len(first), separator):
        names = _official_names(lines, first, second, separator)
        samples: list[list[str]] = []
        is_official, second = True, ""
    else:
        samples = [
            cells for text in ahead[place + 1 :] if len(cells := _cells(text, separator)) == len(first)
        ]
        is_official = False
    decimal = (
        "," if separator != "," and any(_has_comma(cell) for cells in samples for cell in cells[1:]) else "."
    )
    key_at = 0 if key is None else _position(name, line, names, key)
    values = [at for at in range(len(names)) if at != key_at and not names[at].startswith(tuple(omit))]
    texts = {at for at in values if _is_text([cells[at] for cells in samples], decimal)}
    dimensions = tuple(names[at] for at in values if at not in texts)
    _require_names(name, line, dimensions)
    return Header(
        dimensions,
        names[key_at] if not is_official else "track_id",
        tuple(at for at in values if at not in texts),
        len(first),
        is_official,
        second or None,
        separator,
        decimal,
        key_at,
        tuple(names[at] for at in sorted(texts)),
    )


def _official_names(lines: BoundedLines, first: list[str], second: str, separator: str) -> list[str]:
    """The names in the three header rows of FMA's layout; reads the fourth row, too."""
    levels = [first, _cells(second, separator), _cells(lines.take(), separator)]
    index = _cells(lines.take(), separator)
    if (
        any(len(level) != len(first) for level in levels)
        or not index
        or not index[0].strip()
        or any(index[1:])
    ):
        raise CsvSourceError(
            f"{lines.name}: invalid header: no numbers after its first row, and not FMA's layout of three rows of "
            "names and a fourth of track_id and empty cells"
        )
    return [".".join(part.strip() for part in parts) for parts in zip(*levels, strict=True)]


def _require_names(name: str, line: int, dimensions: Sequence[str]) -> None:
    if not dimensions:
        raise CsvSourceError(f"{name}, line {line}: no column holds numbers")
    if not all(dimensions):
        raise CsvSourceError(f"{name}, line {line}: a column has no name")
    if repeated := [each for each, count in Counter(dimensions).items() if count > 1]:
        raise CsvSourceError(
            f"{name}, line {line}: two columns have the same name {repeated[0]!r}; rename one"
        )
    if all(_is_number(each) for each in dimensions):
        raise CsvSourceError(f"{name}, line {line}: numbers instead of column names")


def _position(name: str, line: int, names: Sequence[str], column: str) -> int:
    """The index of a column by its name."""
    found = [at for at, each in enumerate(names) if fold_name(each) == fold_name(column)]
    if len(found) != 1:
        count = "two columns" if found else "no column"
        listed = ", ".join(names[:20])
        raise CsvSourceError(f"{name}, line {line}: {count} {column!r}; the columns are: {listed}")
    return found[0]


def _find_header(lines: Sequence[str]) -> tuple[str, int]:
    """The separator, and the index of the header: the first line with as many cells as the first row of numbers."""
    separators, start = declared_separator(lines)
    best = (False, 0, separators[0], start)
    for separator in separators:
        rows = {at: _cells(lines[at], separator) for at in range(start, len(lines)) if lines[at].strip()}
        data = next((at for at, cells in rows.items() if any(map(_is_any_number, cells[1:]))), None)
        before = [at for at in rows if data is None or at < data] or list(rows)[:1]
        titled = [at for at in before if not lines[at].lstrip().startswith("#")] or before
        wide = [at for at in titled if data is not None and len(rows[at]) == len(rows[data])]
        headers = wide or [at for at in titled if len(rows[at]) > 1] or titled
        if headers and (bool(wide), len(rows[headers[0]])) > best[:2]:
            best = (bool(wide), len(rows[headers[0]]), separator, headers[0])
    return best[2], best[3]


def read_vectors(
    lines: BoundedLines, header: Header, issues: ImportIssues, size: int
) -> Iterator[list[tuple[int, str, Float32]]]:
    """Batches of at most `size` (line, key, vector). Incomplete and non-finite vectors are reported and skipped."""
    # Loading the compiled reader takes half a second, so it is imported only when vectors are read.
    from catalog.csvio.float_parser import NOT_PLAIN, read_rows

    # Without the key, which comes first.
    columns = np.asarray(header.columns) - (np.asarray(header.columns) > header.key_at)
    is_dimension = np.isin(np.arange(header.cells - 1), columns)
    marks = ord(header.separator), ord(header.decimal)
    ahead = [] if header.first is None else [with_line_feeds(header.first.encode())]
    number = lines.taken - len(ahead)
    found: list[tuple[int, str, Float32]] = []
    left = size
    blocks = chain(ahead, lines.blocks())
    for block in blocks if header.key_at == 0 else (_with_key_first(block, header) for block in blocks):
        text = np.frombuffer(block, np.uint8)
        at = 0
        while at < len(block):
            count = min(left, block.count(b"\n", at))
            values = np.empty((count, len(columns)), np.float32)
            bounds = np.empty((count, 3), np.int64)
            read_rows(text, at, *marks, is_dimension, values, bounds)
            at, left = int(bounds[-1, 2]), left - count
            for parsed, (begin, key_end, end) in zip(values, bounds.tolist(), strict=True):
                number += 1
                if key_end != NOT_PLAIN:
                    found.append((number, _key(block[begin:key_end].decode()), parsed))
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
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    cells = _cells(text, header.separator)
    key = _key(cells[0]) if cells else ""
    if not text.strip():
        return "", None, ""
    if len(cells) != header.cells:
        return key, None, f"{len(cells) - 1:,} numbers instead of {header.cells - 1:,}; skipped"
    del cells[0]
    cells = [cells[at] for at in columns]
    if not all(cell.strip() for cell in cells):
        return key, None, MISSING if any(cell.strip() for cell in cells) else ""
    try:
        with np.errstate(over="ignore"):
            values = np.array([_point(cell, header.decimal) for cell in cells], dtype=np.float32)
    except ValueError:
        return key, None, "a cell is not a number; skipped"
    if not np.isfinite(values).all():
        return key, None, MISSING
    return key, values, ""


def _with_key_first(block: bytes, header: Header) -> bytes:
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, delimiter=header.separator, lineterminator="\n")
    for line in block.decode("utf-8", "replace").splitlines():
        cells = _cells(line, header.separator)
        if len(cells) > header.key_at:
            cells.insert(0, cells.pop(header.key_at))
        writer.writerow(cells)
    return rows.getvalue().encode()


def _key(cell: str) -> str:
    """A key: a number without spaces, a path as it is."""
    stripped = cell.strip()
    return stripped if stripped.isdecimal() else unguard(cell)


def _point(cell: str, decimal: str) -> str:
    """The number with a decimal point. A point in a file with decimal commas separates thousands or is an error."""
    if decimal == ".":
        return cell
    return "" if "." in cell else cell.replace(",", ".")


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        text = line.rstrip("\r\n")
        return text.split(separator) if text else []
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _is_level(line: str, columns: int, separator: str) -> bool:
    """Whether a second row holds names: as many cells as the first, and no number."""
    cells = _cells(line, separator)
    return len(cells) == columns and not any(_is_any_number(cell) for cell in cells[1:]) and any(cells[1:])


def _is_text(cells: Sequence[str], decimal: str) -> bool:
    """Whether the cells of a column hold text and no number."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and not any(_is_number(_point(cell, decimal)) for cell in filled)


def _has_comma(cell: str) -> bool:
    return "," in cell and _is_number(cell.replace(",", "."))


def _is_any_number(cell: str) -> bool:
    """Whether a cell is a number with either decimal mark."""
    return _is_number(cell) or _has_comma(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
