"""Rows in a form that is the same on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.transfer.portable_rows import TableChecksum, portable_rows, write_portable_rows
from tests.integration.conftest import Sample


def test_rows_are_read_and_written_back(database: Database, sample: Sample) -> None:
    with database.write() as connection:
        rows = list(portable_rows(connection, t.fma_track))
        before = TableChecksum.of(rows)
        connection.execute(sa.delete(t.fma_track))
        write_portable_rows(connection, t.fma_track, rows)
        assert TableChecksum.of(portable_rows(connection, t.fma_track)) == before
    assert before.rows == 2
    assert len(before.checksum) == 32
    assert sample.tracks


def test_the_checksum_depends_on_values_and_not_on_the_order() -> None:
    rows = [(1, "a", None), (2, "b", 0.5)]
    assert TableChecksum.of(rows) == TableChecksum.of(rows[::-1])
    assert TableChecksum.of(rows) != TableChecksum.of([(1, "a", None), (2, "b", 0.25)])
    assert TableChecksum.of(rows) != TableChecksum.of(rows[:1])
    checksum = TableChecksum()
    assert list(checksum.tee(rows)) == rows
    assert checksum == TableChecksum.of(rows)
