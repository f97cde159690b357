"""Reads a small table: CSV with any common separator and encoding, or an Excel file; the header may be further down."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.excel_file import read_sheet
from catalog.csvio.file_format import HEAD, MAX_FILE_SIZE, is_excel, require_text, source_name
from catalog.csvio.text_encoding import decode
from catalog.db.query.cell_format import unguard

SEPARATORS = ",;\t|"
MAX_PREAMBLE = 50
"""Lines in which the header is looked for."""
EXCEL = "xlsx"
"""`Table.encoding` of an Excel file."""

_DECLARATION = re.compile(r'"?sep=(?P<separator>[^\s"]|\t)"?[,;\t| ]*\r?\n?', re.IGNORECASE)
"""The first line by which spreadsheet programs declare the separator: `sep=;`."""
_END = "\0"
"""A row after the last one: it is missing from the result if a quotation mark before it is not closed."""

Row = tuple[int, list[str]]
"""The line in which a row begins, and its cells."""


@dataclass(frozen=True)
class Table:
    """A header and its rows."""

    name: str
    """The file, for messages."""
    header: tuple[str, ...]
    line: int
    """The line of the header; the first line of the file is 1."""
    rows: tuple[Row, ...]
    """Rows without blank ones. Cells lack the apostrophe that `catalog export` puts before formulas."""
    separator: str
    """Empty for an Excel file."""
    encoding: str
    """The encoding of the text, or EXCEL."""


def read_table(file: Path, names: Collection[str], encoding: str | None = None) -> Table:
    """Reads a table; `-` is the standard input. `names` are the expected column names, by which the header is found.

    Blank lines, comments (`#`), `sep=;` and titles may precede the header. If no line has an expected name, the first
    one is the header. The separator and, by default, the encoding are detected. Raises CsvSourceError, with file and
    line, for a file that cannot be read, that is in another format, or that is damaged.
    """
    name = source_name(file)
    content = _read_content(file, name)
    expected = {fold_name(each) for each in names}
    if is_excel(name, content):
        return _excel_table(name, content, expected)
    require_text(name, content[:HEAD])
    text, detected = decode(name, content, encoding)
    first = list(islice(io.StringIO(text, newline=""), MAX_PREAMBLE))
    separator, place, header = find_header(first, expected)
    rows = tuple(_rows(name, text, separator, place))
    return Table(name, tuple(map(unguard, header)), place + 1, rows, separator, detected)


def find_header(lines: Sequence[str], expected: Collection[str]) -> tuple[str, int, list[str]]:
    """The separator, the index of the line, and the cells of the header among the first lines of a file.

    The header has the most expected names (casefolded); of equal lines the first, of equal separators the one that
    gives most cells.
    """
    separators, start = declared_separator(lines)
    found = (separators[0], start, [""])
    best = (-1, 0)
    for place in range(start, len(lines)):
        is_comment = lines[place].lstrip().startswith("#")
        for separator in separators if lines[place].strip() else "":
            cells = _first_row(lines[place:], separator)
            if is_comment:
                cells[0] = cells[0].strip().lstrip("#")
            matches = count_names(cells, expected)
            is_better = matches > best[0] or (place == found[1] and (matches, len(cells)) > best)
            if is_better and (matches > 1 or not is_comment):
                best, found = (matches, len(cells)), (separator, place, cells)
    return found


def count_names(cells: Sequence[str], expected: Collection[str]) -> int:
    """The number of expected names (casefolded) among some cells."""
    return len({fold_name(cell) for cell in cells}.intersection(expected))


def fold_name(name: str) -> str:
    """A column name for comparison: without case, spaces at its ends and differences of composition."""
    return unicodedata.normalize("NFC", unguard(name).strip().casefold())


def declared_separator(lines: Sequence[str]) -> tuple[str, int]:
    """The possible separators, and the index of the line after the one that declares it."""
    for place, line in enumerate(lines):
        if match := _DECLARATION.fullmatch(line.lstrip("\ufeff")):
            return match["separator"], place + 1
        if line.strip():
            break
    return SEPARATORS, 0


def _first_row(lines: Sequence[str], separator: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=separator), [""])
    except csv.Error:
        return [""]


def _rows(name: str, text: str, separator: str, place: int) -> Iterator[Row]:
    """The rows after the header, which is in the line with this index."""
    lines = islice(io.StringIO(text, newline=""), place, None)
    reader = csv.reader(chain(lines, [_END]), delimiter=separator)
    line = place + 1
    try:
        next(reader)
        line += reader.line_num
        for cells in reader:
            if cells == [_END]:
                return
            if cells and cells[-1].endswith(_END):
                raise CsvSourceError(f"{name}, line {line}: a quotation mark is not closed")
            if any(cell.strip() for cell in cells):
                yield line, [unguard(cell) for cell in cells]
            line = place + 1 + reader.line_num
    except csv.Error as error:
        raise CsvSourceError(f"{name}, line {line}: {_reason(error)}") from error


def _reason(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} characters; is a quotation mark not closed?"
    return str(error)


def _excel_table(name: str, content: bytes, expected: Collection[str]) -> Table:
    rows = read_sheet(name, content)
    if not rows:
        raise CsvSourceError(f"{name} is empty")
    # The first of the rows with the most expected names.
    place = max(range(min(len(rows), MAX_PREAMBLE)), key=lambda at: count_names(rows[at][1], expected))
    line, header = rows[place]
    unguarded = tuple((number, [unguard(cell) for cell in cells]) for number, cells in rows[place + 1 :])
    return Table(name, tuple(map(unguard, header)), line, unguarded, "", EXCEL)


def _read_content(file: Path, name: str) -> bytes:
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(MAX_FILE_SIZE + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        is_absent = isinstance(error, FileNotFoundError)
        reason = "does not exist" if is_absent else f"cannot be read: {error.strerror}"
        raise CsvSourceError(f"{name} {reason}") from error
    if len(content) > MAX_FILE_SIZE:
        raise CsvSourceError(f"{name} is larger than {MAX_FILE_SIZE >> 20} MB; split it")
    if not content.strip():
        raise CsvSourceError(f"{name} is empty")
    return content
