"""An answer as a file: CSV, a JSON object a line, Parquet. Written as the rows come: memory does not grow with them."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from catalog.db.query.cell_format import json_row, json_value, safe_cell, unique_names

Records = Iterable[Sequence[Any]]
Writer = Callable[[BinaryIO, Sequence[str], Records], int]
"""Writes records with the names of their columns; gives how many there were."""

BATCH = 10_000
"""Rows of a batch in Parquet. Their types are found batch by batch."""


def write_csv(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Comma-separated, UTF-8, the columns first. What a spreadsheet would take for a formula gets an apostrophe."""
    written = 0
    with _text(file) as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        for written, record in enumerate(records, 1):  # noqa: B007 - the last number is what counts
            writer.writerow([safe_cell(value) for value in record])
    return written


def write_jsonl(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """A JSON object a line, UTF-8. Of columns with one name the second is `name_2`."""
    names = unique_names(columns)
    written = 0
    with _text(file) as text:
        for written, record in enumerate(records, 1):  # noqa: B007 - the last number is what counts
            text.write(f"{json_row(names, record)}\n")
    return written


def write_parquet(file: BinaryIO, columns: Sequence[str], records: Records) -> int:
    """Parquet, each column of the one type that holds all its values; text where there is none.

    A question in SQL does not say the types of its columns, and SQLite keeps none. So the batches wait in a temporary
    file, each with the types of its own, until the last one is known.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = unique_names(columns)
    types: list[Any] = [pa.null() for _ in names]
    written = 0
    with tempfile.TemporaryFile() as waiting:
        for batch in _batches(records):
            found = [_array([record[place] for record in batch]) for place in range(len(names))]
            types = [_common(one, array.type) for one, array in zip(types, found, strict=True)]
            table = pa.record_batch(found, names=names)
            with pa.ipc.new_stream(pa.PythonFile(waiting, mode="w"), table.schema) as stream:
                stream.write_batch(table)
            written += len(batch)
        end = waiting.tell()
        waiting.seek(0)
        schema = pa.schema(list(zip(names, types, strict=True)))
        with pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd") as writer:
            while waiting.tell() < end:
                for table in pa.ipc.open_stream(pa.PythonFile(waiting, mode="r")):
                    cast = [_cast(array, one) for array, one in zip(table.columns, types, strict=True)]
                    writer.write_batch(pa.record_batch(cast, schema=schema))
    return written


WRITERS: Mapping[str, Writer] = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
"""The formats, by the suffix of their files."""


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole; until then, and after an error, the old one stays.

    A link is followed. Raises OSError where the folder is not there, and where the name belongs to no plain file.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(None, "this is no plain file", str(path))
    if not target.parent.is_dir():
        raise OSError(None, "there is no such folder", str(path.parent))
    temporary = target.with_name(f".{target.name[:40]}.{os.getpid()}.part")
    try:
        # Not by tempfile, whose files are for the owner alone: an export is to be shared, like any file of a program.
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _text(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    try:
        yield text
        text.flush()
    finally:
        text.detach()


def _batches(records: Records) -> Iterator[list[Sequence[Any]]]:
    rows = iter(records)
    while batch := list(islice(rows, BATCH)):
        yield batch


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
    """The type that holds what both hold."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {one, other} == numbers else pa.string()


def _cast(array: Any, wanted: Any) -> Any:
    import pyarrow as pa

    if array.type == wanted or pa.types.is_null(array.type) or wanted == pa.float64():
        # A whole number beyond 2^53 beside fractions is rounded, as SQL itself would.
        return array.cast(wanted, safe=False)
    return _as_text(array.to_pylist())
