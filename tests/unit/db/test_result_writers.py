"""Query results as CSV, JSON lines and Parquet."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest

from catalog.db.query import result_writers
from catalog.db.query.result_writers import WRITERS, write_csv, write_jsonl, write_parquet

COLUMNS = ("genre", "tracks")
RECORDS = [("Rock", 2), ("=1+1", None)]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_writers_return_the_number_of_records(suffix: str) -> None:
    assert WRITERS[suffix](io.BytesIO(), COLUMNS, RECORDS) == 2
    assert WRITERS[suffix](io.BytesIO(), COLUMNS, []) == 0


def test_csv_escapes_formulas() -> None:
    file = io.BytesIO()
    write_csv(file, COLUMNS, RECORDS)
    assert file.getvalue().decode() == "genre,tracks\nRock,2\n'=1+1,\n"


def test_jsonl_numbers_repeated_names() -> None:
    file = io.BytesIO()
    write_jsonl(file, ("a", "a"), [(1, 2)])
    assert json.loads(file.getvalue()) == {"a": 1, "a_2": 2}


def test_parquet_widens_types_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_writers, "BATCH", 1)
    file = io.BytesIO()
    write_parquet(file, ("number", "mixed"), [(1, 1), (0.5, "x"), (None, None)])
    table = pq.read_table(io.BytesIO(file.getvalue()))
    assert table.to_pydict() == {"number": [1.0, 0.5, None], "mixed": ["1", "x", None]}
