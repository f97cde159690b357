"""A SQLite file read as memory, for the length of a question."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.mmap_reads import mmap_reads


def mapped_bytes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA mmap_size").scalar_one())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_is_mapped_for_a_question_and_no_longer(database: Database) -> None:
    with database.read() as connection:
        with mmap_reads(connection):
            assert mapped_bytes(connection) > 0
        assert mapped_bytes(connection) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_is_asked_as_ever(database: Database) -> None:
    with database.read() as connection, mmap_reads(connection):
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
