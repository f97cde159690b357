"""Tables that the export writes are read as they were."""

import codecs
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_table import read_table
from catalog.db.query.result_writers import write_csv, write_xlsx

HOSTILE = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"),
        st.sampled_from("=+-@'\"\t\n\r,;| _x\u200f\u0301😀"),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=5),
    writer=st.sampled_from([write_csv, write_xlsx]),
    mark=st.booleans(),
)
def test_exported_cells_are_read_as_they_were(tmp_path_factory, rows, writer, mark):
    content = io.BytesIO()
    writer(content, ["path", "genre"], rows)
    file = tmp_path_factory.getbasetemp() / "hostile.csv"
    file.write_bytes((codecs.BOM_UTF8 if mark and writer is write_csv else b"") + content.getvalue())
    filled = [list(row) for row in rows if any(cell.strip() for cell in row)]
    assert [cells for _, cells in read_table(file, ["path", "genre"]).rows] == filled


def test_a_table_from_the_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("path;genre\nä;Rock\n".encode("cp1252"))))
    table = read_table(Path("-"), ["path", "genre"])
    assert (table.name, table.rows) == ("standard input", ((2, ["ä", "Rock"]),))


@pytest.mark.parametrize("content", [b"", b" \n\r\n"])
def test_an_empty_file(tmp_path, content):
    file = tmp_path / "empty.csv"
    file.write_bytes(content)
    with pytest.raises(CsvSourceError, match="is empty"):
        read_table(file, ["path"])
