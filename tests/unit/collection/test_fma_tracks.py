"""Rows of `tracks.csv`: whatever the cells hold, a row is a track or a problem."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.fma.fma_tracks import read_tracks
from catalog.csvio.csv_source import BoundedLines, ImportIssues
from catalog.csvio.id_bitmap import IdBitmap
from tests.integration.collection.fma_files import NAMES, row

CELL = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["[21, 12]", "[1e9]", "[true]", "[[1]]", "[" * 200, "-1", "3.0", "99999999999", "٣", "2009-13"]
    ),
)


def read(table):
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["", *(above for above, _ in NAMES)])
    writer.writerow(["", *(below for _, below in NAMES)])
    writer.writerow(["track_id", *("" for _ in NAMES)])
    writer.writerows(table)
    problems = ImportIssues()
    lines = BoundedLines("tracks.csv", io.BytesIO(file.getvalue().encode("utf-8", "replace")))
    return list(read_tracks(lines, problems)), problems


@given(st.lists(st.lists(CELL, min_size=len(NAMES), max_size=len(NAMES)), max_size=3))
def test_whatever_the_cells_hold(table):
    tracks, problems = read([[str(at + 1), *cells] for at, cells in enumerate(table)])
    assert [each.id for each in tracks] == list(range(1, len(table) + 1))
    for each in tracks:
        assert each.subset in {None, "small", "medium", "large"}
        assert all(isinstance(number, int) for number in each.genres)
        assert each.title is None or (
            each.title.strip() and "\n" not in each.title and "\0" not in each.title
        )
    assert problems.count <= len(table)


@given(CELL)
def test_whatever_the_id_is(cell):
    tracks, problems = read([row(cell)])
    assert len(tracks) + problems.count == 1


def test_numbers_as_pandas_writes_them_and_none():
    (track,), problems = read(
        [row(2, track_listens="12.0", track_number="0", track_duration="x", track_genres="")]
    )
    assert (track.own[1], track.number, track.duration, track.genres) == (12, None, None, ())
    assert problems.count == 0


@given(st.lists(st.integers(0, 100_000), max_size=50))
def test_seen_is_a_set(numbers):
    seen, known = IdBitmap(), set()
    for each in numbers:
        assert seen.add(each) == (each not in known)
        known.add(each)
