"""Reads the first sheet of an Excel file (.xlsx)."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from datetime import date, datetime, time
from typing import Any

from catalog.csvio.csv_error import CsvSourceError

LARGEST_SHEET = 2**30
"""Bytes of all unpacked parts of a file: a zip bomb is larger, a sheet with a million rows is not."""

_ESCAPED = re.compile("_x(005F|00[01][0-9A-F])_")
"""Control characters, and the underscore of text that looks like this, as the format writes them."""


def read_sheet(name: str, content: bytes) -> list[tuple[int, list[str]]]:
    """The number and the cells of every row of the first sheet that is not blank.

    Formulas give the value that the spreadsheet program stored. Raises CsvSourceError for a damaged file.
    """
    from openpyxl import load_workbook

    _require_size(name, content)
    try:
        with warnings.catch_warnings():
            # Extensions of the format that hold no cells, such as data validation.
            warnings.simplefilter("ignore")
            workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            if not workbook.worksheets:
                raise CsvSourceError(f"{name} has no sheet with cells")
            sheet = workbook.worksheets[0]
            # The stored dimensions may be wrong.
            sheet.reset_dimensions()
            rows = enumerate(sheet.iter_rows(values_only=True), 1)
            texts = ((number, [_text(cell) for cell in cells]) for number, cells in rows)
            return [(number, cells) for number, cells in texts if any(cells)]
    except (
        *(ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError),
        *(zipfile.BadZipFile, zlib.error, EOFError),
    ) as error:
        raise CsvSourceError(f"{name} is a damaged Excel file: {error}") from error


def _require_size(name: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST_SHEET:
        raise CsvSourceError(f"{name} would expand to {size:,} bytes; save the table as CSV")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(cell))
