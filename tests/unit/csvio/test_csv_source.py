"""Large CSV files line by line: what is counted, and what is refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.csvio import csv_source
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import BoundedLines, ImportIssues, rows

TEXT = st.text(st.sampled_from('ab,"\n é'), max_size=12)


def lines_of(text):
    return BoundedLines("a.csv", io.BytesIO(text.encode() if isinstance(text, str) else text))


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=8), st.integers(1, 40))
def test_rows_are_those_that_were_written_with_their_lines(table, block):
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    begins = []
    for cells in table:
        begins.append(file.getvalue().count("\n") + 1)
        writer.writerow(cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_source, "BLOCK", block)
        read = list(rows(lines_of(file.getvalue())))
    assert [cells for _, cells in read] == table
    assert [line for line, _ in read] == begins


@given(
    st.lists(st.text(st.sampled_from("ab, é"), max_size=9), max_size=9), st.integers(1, 9), st.integers(0, 9)
)
def test_lines_taken_and_the_rest(texts, block, taken):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_source, "BLOCK", block)
        lines = lines_of("".join(f"{each}\n" for each in texts))
        first = [lines.take() for _ in range(taken)]
        rest = [line.decode() for line in lines.rest()]
    found = [line for line in first if line] + rest
    assert found == [f"{each}\n" for each in texts]
    assert lines.taken == min(taken, len(texts))


def test_a_mark_at_the_beginning_is_no_letter():
    assert lines_of("\ufeffa,b\n").take() == "a,b\n"
    assert list(rows(lines_of("\ufeffa,b\n"))) == [(1, ["a", "b"])]


def test_what_is_no_utf8_costs_its_own_letters():
    assert list(rows(lines_of(b"a,\xff\nb,c\n"))) == [(1, ["a", "\ufffd"]), (2, ["b", "c"])]


@given(
    st.lists(
        st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=9
    ),
    st.integers(1, 12),
    st.integers(0, 3),
)
def test_lines_that_are_no_utf8_are_numbered(texts, block, taken):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_source, "BLOCK", block)
        lines = lines_of(b"".join(each + b"\n" for each in texts))
        for _ in range(taken):
            lines.take()
        assert list(lines.text()) == [f"{each.decode('utf-8', 'replace')}\n" for each in texts[taken:]]
    assert lines.undecoded == [
        at
        for at, each in enumerate(texts, 1)
        if at > taken and each.decode("utf-8", "ignore").encode() != each
    ]
    problems = ImportIssues()
    problems.add_undecoded(lines)
    assert problems.count == len(lines.undecoded)
    assert all(
        each == f"a.csv, line {at}: not UTF-8; invalid characters imported as \ufffd"
        for each, at in zip(problems.examples, lines.undecoded, strict=True)
    )


def test_a_line_and_a_cell_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(csv_source, "LONGEST_LINE", 1000)
    monkeypatch.setattr(csv_source, "BLOCK", 100)
    with pytest.raises(CsvSourceError, match=r"a\.csv has a line of more than"):
        list(rows(lines_of("a\n" + "b" * 2000)))
    monkeypatch.setattr(csv_source, "LARGEST_FIELD", 50)
    limit = csv.field_size_limit()
    with pytest.raises(CsvSourceError, match=r"a\.csv, line 2: field larger"):
        list(rows(lines_of('a\n"' + "b\n" * 100)))
    assert csv.field_size_limit() == limit


def test_only_the_first_problems_are_kept_in_words(monkeypatch):
    monkeypatch.setattr(csv_source, "MAX_EXAMPLES", 2)
    problems = ImportIssues()
    for line in range(5):
        problems.add("a.csv", line, "odd")
    assert (problems.count, problems.examples) == (5, ["a.csv, line 0: odd", "a.csv, line 1: odd"])
