"""A database on a full disk that has space again after a while."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.retry import is_disk_full
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from tests.integration.workers.test_worker_pool import assert_whole
from workers.pool import supervisor
from workers.pool.analyze_pending import analyze_pending

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
FULL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON feature_vector EXECUTE FUNCTION refuse()
"""


class ActingHandler(logging.Handler):
    """Acts on the first log record, and keeps the messages."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act: Callable[[], None] | None = act
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
        act, self._act = self._act, None
        if act is not None:
            act()


@pytest.fixture
def handler(database: Database) -> Iterator[ActingHandler]:
    """Removes the trigger of the full disk as soon as the command has logged it."""

    def make_room() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER full_disk ON feature_vector")

    handler = ActingHandler(make_room)
    supervisor.log.addHandler(handler)
    yield handler
    supervisor.log.removeHandler(handler)


@POSTGRESQL
def test_the_command_waits_for_space_and_logs_it(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks, handler: ActingHandler
) -> None:
    ids = add_tracks(*[QUIET] * 8)
    with database.write() as connection:
        connection.exec_driver_sql(FULL)
    report = analyze_pending(database, settings, [tiny], workers=2)
    assert (report.analyzed, report.failed) == (8, 0)
    assert handler.messages[0] == "the disk of the database is full; trying again in 2 s"
    assert_whole(database, ids)


def test_what_sqlite_says_of_a_full_disk(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE large AS SELECT randomblob(100000)")
    connection.close()
    assert is_disk_full(caught.value)
    assert is_disk_full(sa.exc.OperationalError("", {}, caught.value))
    assert not is_disk_full(sqlite3.OperationalError("database is locked"))


@POSTGRESQL
def test_what_postgresql_says_of_a_full_disk(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError) as caught, database.write() as connection:
        connection.exec_driver_sql("DO $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$")
    assert is_disk_full(caught.value)
