"""Rows of numbers read by the compiled loop: what NumPy makes of each cell, bit for bit, or left to slower judges."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.csvio.csv_source import BoundedLines, ImportIssues
from catalog.features.vector_csv import read_header, read_vectors

numbers = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e38, 1e38).map(repr),
    st.floats(-1e38, 1e38).map("{:.10e}".format),
    st.integers(-(10**30), 10**30).map(str),
    st.from_regex(r"\A {0,2}[+-]?(\d{1,25}\.?|\d{0,12}\.\d{1,25})([eE][+-]?\d{1,2})? ?\Z", fullmatch=True),
)


def read(text, size=100):
    lines, problems = BoundedLines("file.csv", io.BytesIO(text)), ImportIssues()
    header = read_header(lines, omit=frozenset({"omit"}))
    return list(read_vectors(lines, header, problems, size)), problems


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=8), st.integers(1, 4))
def test_numbers_are_those_of_numpy(rows, size):
    text = "path,a,b,c\n" + "".join(f"{at},{','.join(row)}\n" for at, row in enumerate(rows))
    batches, problems = read(text.encode(), size)
    found = {key: (line, vector) for batch in batches for line, key, vector in batch}
    finite = 0
    for at, row in enumerate(rows):
        with np.errstate(over="ignore"):
            expected = np.array([np.float32(float(cell)) for cell in row])
        if np.isfinite(expected).all():
            line, vector = found[str(at)]
            assert (line, vector.tobytes()) == (at + 2, expected.tobytes()), row
            finite += 1
    assert (len(found), problems.count) == (finite, len(rows) - finite)


def test_beside_the_middle_of_two_float32():
    # A float64 that is wrong in its last place makes the other one.
    random = np.random.default_rng(0)
    middles = (random.integers(1 << 23, 1 << 24, 2_000) + 0.5) * 2.0 ** random.integers(-90, 90, 2_000)
    beside = np.nextafter(middles, np.inf * random.choice([-1, 1], 2_000)).tolist()
    text = "path,a\n" + "".join(f"{at},{number!r}\n" for at, number in enumerate(beside))
    ((*rows,),), _ = read(text.encode(), 2_000)
    assert [vector.item() for _, _, vector in rows] == np.array(beside).astype(np.float32).tolist()


@given(st.binary(max_size=60).map(lambda some: some.replace(b"\r", b"")), st.booleans())
def test_whatever_stands_in_a_row_the_next_has_its_line(some, is_quoted):
    row = b'1,"' + some.replace(b"\n", b"") + b'",2,3' if is_quoted else some
    batches, _ = read(b"path,omit,b,c\n1,x,1,2\n" + row + b"\n7,x,3,4\n")
    line, key, vector = batches[-1][-1]
    assert (line, key, vector.tolist()) == (4 + row.count(b"\n"), "7", [3, 4])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('5,"one, ""two""",1,2', [1, 2]),
        ('"5",x,1,2', [1, 2]),
        ('5,x,"1",2', [1, 2]),
        ("5,,-0.0,1e-50", [-0.0, 0]),
        ("5,x,.5,5.", [0.5, 5]),
    ],
)
def test_rows_that_are_read(row, expected):
    (((_, key, vector),),), problems = read(f"path,omit,b,c\n{row}\r\n".encode())
    assert (key, vector.tobytes(), problems.count) == ("5", np.array(expected, np.float32).tobytes(), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5,x,1", "2 numbers instead of 3; skipped"),
        ("5,x,1,2,3", "4 numbers instead of 3; skipped"),
        ("5,x,1,", "a number is missing or infinite; skipped"),
        ("5,x,1,nan", "a number is missing or infinite; skipped"),
        ("5,x,1,-inf", "a number is missing or infinite; skipped"),
        ("5,x,1,1e39", "a number is missing or infinite; skipped"),
        ("5,x,1,1e", "a cell is not a number; skipped"),
        ("5,x,1,.", "a cell is not a number; skipped"),
        ("5,x,1,1.2.3", "a cell is not a number; skipped"),
        ("5,x,1,- 1", "a cell is not a number; skipped"),
        ('5,"x,1,2', "1 numbers instead of 3; skipped"),
    ],
)
def test_rows_that_are_left_out(row, reason):
    batches, problems = read(f"path,omit,b,c\n4,x,1,2\n{row}\n6,x,1,2".encode())
    assert [key for batch in batches for _, key, _ in batch] == ["4", "6"]
    assert problems.examples == [f"file.csv, line 3: {reason}"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_in_any_way(end):
    batches, _ = read(end.join([b"path,b", b"1,1", b"2,2", b"", b"3,3"]))
    assert [(line, key) for batch in batches for line, key, _ in batch] == [(2, "1"), (3, "2"), (5, "3")]
