"""Query results as CSV, Excel, JSON lines or Parquet, streamed: memory does not grow with the number of rows."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from catalog.batches import batches
from catalog.db.query.cell_format import (
    csv_writer,
    finite,
    guard,
    json_row,
    json_value,
    plain_cell,
    safe_cell,
    unguard,
    unique_names,
)
from catalog.errors import CatalogError

Records = Iterable[Sequence[Any]]
Writer = Callable[[BinaryIO, Sequence[str], Records], int]
"""Writes records with their column names and returns the number of records."""

BATCH = 10_000
"""Rows per Parquet batch. Types are inferred for each batch."""
MAX_EXCEL_ROWS = 1_048_576
"""Rows of an Excel sheet, with the header."""
MAX_EXCEL_CELL = 32_767
"""Characters of a cell of an Excel sheet."""

# Control characters that XML does not allow, carriage returns, which it changes, and text that looks like an escape.
_UNFIT_FOR_EXCEL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class ResultTooLargeError(CatalogError):
    """A result that does not fit in the format of the file."""


def write_csv(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Writes CSV in UTF-8 with a header and line feeds. A cell that looks like a formula gets an apostrophe."""
    written = 0
    with _text(file) as text:
        writer = csv_writer(text)
        writer.writerow(columns)
        for written, record in enumerate(records, 1):  # noqa: B007 - its last value is the count
            writer.writerow([safe_cell(value) for value in record])
    return written


def write_xlsx(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Writes an Excel file with one sheet and a header. Text is never a formula.

    Raises ResultTooLargeError if there are more rows, or longer cells, than the format holds.
    """
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("result")
    sheet.freeze_panes = "A2"
    sheet.append([_excel_cell(sheet, name, 1, name) for name in columns])
    written = 0
    try:
        for written, record in enumerate(records, 1):
            if written >= MAX_EXCEL_ROWS:
                raise ResultTooLargeError(
                    f"an Excel sheet has at most {MAX_EXCEL_ROWS - 1:,} rows; write a CSV file"
                )
            named = zip(columns, record, strict=True)
            sheet.append([_excel_cell(sheet, value, written + 1, name) for name, value in named])
    finally:
        # The rows are in a temporary file, which is open until then.
        sheet.close()
    workbook.save(file)
    return written


def write_jsonl(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Writes one JSON object per line in UTF-8. Repeated column names become `name_2`, `name_3`."""
    names = unique_names(columns)
    written = 0
    with _text(file) as text:
        for written, record in enumerate(records, 1):  # noqa: B007 - its last value is the count
            text.write(f"{json_row(names, record)}\n")
    return written


def write_parquet(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Writes Parquet; each column has the narrowest type that holds all its values, or text.

    A query does not declare column types, and SQLite stores none. The batches are kept in a temporary file, each with
    its own types, until the last one is known.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = unique_names(columns)
    types: list[Any] = [pa.null() for _ in names]
    written = 0
    with tempfile.TemporaryFile() as spool:
        for batch in batches(records, BATCH):
            arrays = [_array([record[place] for record in batch]) for place in range(len(names))]
            types = [_common(one, array.type) for one, array in zip(types, arrays, strict=True)]
            table = pa.record_batch(arrays, names=names)
            with pa.ipc.new_stream(pa.PythonFile(spool, mode="w"), table.schema) as stream:
                stream.write_batch(table)
            written += len(batch)
        end = spool.tell()
        spool.seek(0)
        schema = pa.schema(list(zip(names, types, strict=True)))
        with pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd") as writer:
            while spool.tell() < end:
                for table in pa.ipc.open_stream(pa.PythonFile(spool, mode="r")):
                    cast = [_cast(array, one) for array, one in zip(table.columns, types, strict=True)]
                    writer.write_batch(pa.record_batch(cast, schema=schema))
    return written


WRITERS: Mapping[str, Writer] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}
"""Writers by file suffix."""


@contextmanager
def _text(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    try:
        yield text
        text.flush()
    finally:
        text.detach()


def _excel_cell(sheet: Any, value: Any, row: int, column: str) -> Any:
    """A cell with a number, a truth value or text. A text that the reader would unguard is guarded, as in CSV."""
    from openpyxl.cell import WriteOnlyCell

    plain = finite(plain_cell(value))
    if not isinstance(plain, str):
        return plain
    if len(plain) >= MAX_EXCEL_CELL:
        raise ResultTooLargeError(
            f"row {row}, column {column}: {len(plain):,} characters do not fit in a cell of an Excel file; "
            "write a CSV file"
        )
    text = _UNFIT_FOR_EXCEL.sub(
        lambda match: f"_x{ord(match[0]):04X}_", plain if unguard(plain) == plain else guard(plain)
    )
    cell = WriteOnlyCell(sheet, text)
    # Excel neither evaluates nor converts text with a quote prefix.
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def _array(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return _as_text(values)


def _as_text(values: list[Any]) -> Any:
    import pyarrow as pa

    return pa.array([None if value is None else json_value(value) for value in values], pa.string())


def _common(one: Any, other: Any) -> Any:
    """The narrowest type that holds the values of both."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {one, other} == numbers else pa.string()


def _cast(array: Any, target: Any) -> Any:
    import pyarrow as pa

    if array.type == target or pa.types.is_null(array.type) or target == pa.float64():
        # Integers above 2^53 in a column with fractions are rounded, as SQL does.
        return array.cast(target, safe=False)
    return _as_text(array.to_pylist())
