"""The two engines of a database: writers wait for each other, readers never wait and cannot write."""

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
        # A read before a write fails in a DEFERRED transaction.
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
            assert again == first, "a transaction reads one snapshot"
    last = first
    time.sleep(0.005)
database.close()
"""


def test_concurrent_writers_and_readers_never_fail_with_a_lock(database_url: str) -> None:
    # PostgreSQL has no such lock: a few transactions are enough there.
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
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    database = open_database(database_url)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.artist)).scalar_one() == 4 * times
        if database.is_sqlite:
            # Writers are serialized: each transaction sees all earlier ones.
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


def test_a_failed_read_creates_no_file(tmp_path: Path) -> None:
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


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(sa.insert(t.track).values(collection_id=12345, path_bytes=b"x"))


def test_settings_of_sqlite(sqlite_url: str) -> None:
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
def test_unusable_urls_are_rejected(url: str) -> None:
    with pytest.raises(DatabaseUnusableError):
        open_database(url)


@pytest.mark.parametrize("name", ["a b.db", "50% off.db", "ü#1.db"])
def test_special_characters_in_file_names(tmp_path: Path, name: str) -> None:
    database = open_database(f"sqlite:///{tmp_path / name}")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE more (id integer)")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM more").scalar_one() == 0
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_writer_waits_at_most_its_busy_timeout(sqlite_url: str) -> None:
    """It polls at short, constant intervals: with growing ones it would starve between two busy writers."""
    database = open_database(sqlite_url)
    assert database.file is not None
    other = sqlite3.connect(database.file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    commit_timer = threading.Timer(0.3, other.execute, ["COMMIT"])
    commit_timer.start()
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1000 * BUSY_TIMEOUT_SECONDS
    commit_timer.join()
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


def test_a_folder_that_cannot_be_created() -> None:
    database = open_database("sqlite:////proc/nowhere/home/catalog.db")
    with (
        pytest.raises(DatabaseUnusableError, match=r"/proc/nowhere/home cannot be created .* --home"),
        database.write(),
    ):
        pass
