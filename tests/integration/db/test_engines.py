"""Two engines on one database: writers wait for each other, readers wait for nobody and write nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import BUSY_TIMEOUT_SECONDS, Database, DatabaseUnusableError, open_database

WRITER = """
import sys
import sqlalchemy as sa
from catalog.db.database import open_database
from catalog.db.tables import artist

url, name, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = open_database(url)
for number in range(times):
    with database.write() as connection:
        # Reading before writing is what fails in a transaction that begins DEFERRED.
        seen = connection.execute(sa.select(sa.func.count()).select_from(artist)).scalar_one()
        key = f"{name} {number}"
        connection.execute(sa.insert(artist).values(key=key, name=key, folded=key, external_id=str(seen)))
database.close()
"""

READER = """
import sys
import time
import sqlalchemy as sa
from catalog.db.database import open_database
from catalog.db.tables import artist

url, _, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = open_database(url)
last = 0
while last < times:
    with database.read() as connection:
        count = sa.select(sa.func.count()).select_from(artist)
        first = connection.execute(count).scalar_one()
        again = connection.execute(count).scalar_one()
        assert first >= last
        if database.is_sqlite:
            assert again == first, "a transaction sees one state"
    last = first
    time.sleep(0.005)
database.close()
"""


def test_four_writers_and_two_readers_never_meet_a_lock(database_url: str) -> None:
    # PostgreSQL has no such lock to meet; a few transactions show that nothing else is in the way.
    times = 300 if database_url.startswith("sqlite") else 30
    arguments = [(WRITER, f"writer {number}", str(times)) for number in range(4)]
    arguments += [(READER, "reader", str(4 * times))] * 2
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url, name, number], stderr=subprocess.PIPE, text=True
        )
        for code, name, number in arguments
    ]
    for process in running:
        _, complaint = process.communicate(timeout=100)
        assert process.returncode == 0, complaint
    database = open_database(database_url)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.artist)).scalar_one() == 4 * times
        if database.is_sqlite:
            # Writers one after the other: each saw what all before it had written.
            seen = sa.select(sa.func.count(t.artist.c.external_id.distinct()))
            assert connection.execute(seen).scalar_one() == 4 * times
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO artist (key, name, folded, is_placeholder) VALUES ('a', 'a', 'a', false)",
        "UPDATE genre SET name = name",
        "DELETE FROM genre",
        "CREATE TABLE more (id integer)",
        "DROP VIEW untagged",
    ],
)
def test_a_reader_cannot_write(database: Database, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=r"readonly|read-only"), database.read() as connection:
        connection.exec_driver_sql(statement)


def test_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'folder' / 'catalog.db'}")
    with pytest.raises(sa.exc.OperationalError), database.read():
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_exception_rolls_back(database: Database) -> None:
    row = {"key": "a", "name": "a", "folded": "a"}
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(sa.insert(t.artist), [row, row])
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.artist)).scalar_one() == 0


def test_references_hold(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(sa.insert(t.track).values(collection_id=12345, path_bytes=b"x"))


def test_sqlite_writes_ahead_on_large_pages(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.write() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "page_size", "foreign_keys", "synchronous", "busy_timeout")
        }
    database.close()
    assert settings == {
        "journal_mode": "wal",
        "page_size": 8192,
        "foreign_keys": 1,
        "synchronous": 1,
        "busy_timeout": 15_000,
    }


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no url", ""])
def test_urls_that_are_of_no_use_are_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusableError):
        open_database(url)


@pytest.mark.parametrize("name", ["a b.db", "50% off.db", "ü#1.db"])
def test_odd_names_of_files(tmp_path: Path, name: str) -> None:
    database = open_database(f"sqlite:///{tmp_path / name}")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE more (id integer)")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM more").scalar_one() == 0
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_writer_waits_for_its_turn_as_long_as_its_connection_says(sqlite_url: str) -> None:
    """Looking often, and not ever more seldom: between two writers without a pause it would find no gap."""
    database = open_database(sqlite_url)
    assert database.file is not None
    other = sqlite3.connect(database.file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    leaving = threading.Timer(0.3, other.execute, ["COMMIT"])
    leaving.start()
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1000 * BUSY_TIMEOUT_SECONDS
    leaving.join()
    other.execute("BEGIN IMMEDIATE")
    with database.writer.connect() as connection:
        connection.connection.execute("PRAGMA busy_timeout = 100")
        before = time.monotonic()
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            connection.begin()
        assert time.monotonic() - before < BUSY_TIMEOUT_SECONDS / 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 100
    other.close()
    database.close()
