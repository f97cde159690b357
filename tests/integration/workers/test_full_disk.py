"""A database whose disk is full, and has room again after a while."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.retry import is_disk_full
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from tests.integration.workers.test_faults import assert_whole
from workers.pool import disk_full_backoff
from workers.pool.analyze_pending import analyze_pending
from workers.pool.disk_full_backoff import DiskFullBackoff
from workers.pool.worker_pool import DiskFullError

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
FULL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON feature_vector EXECUTE FUNCTION refuse()
"""


class Told(logging.Handler):
    """Does something as soon as something is logged."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act: Callable[[], None] | None = act
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        act, self._act = self._act, None
        if act is not None:
            act()


@pytest.fixture
def told(database: Database) -> Iterator[Told]:
    """Makes room in the database when the command has said that there is none."""

    def make_room() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER full_disk ON feature_vector")

    handler = Told(make_room)
    disk_full_backoff.log.addHandler(handler)
    yield handler
    disk_full_backoff.log.removeHandler(handler)


@POSTGRESQL
def test_work_waits_for_room_and_says_so(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks, told: Told
) -> None:
    ids = add_tracks(*[QUIET] * 8)
    with database.write() as connection:
        connection.exec_driver_sql(FULL)
    report = analyze_pending(database, settings, [tiny], workers=2)
    assert (report.analyzed, report.failed) == (8, 0)
    assert told.said[0] == "the disk of the database is full; trying again in 2 s"
    assert_whole(database, ids)


class Clock:
    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made: Any = Clock()
    monkeypatch.setattr(disk_full_backoff, "time", made)
    return made


def rest(awaited: DiskFullBackoff, clock: Clock) -> float:
    """Waits once; gives the seconds of the rest."""
    awaited.wait()
    begin = clock.seconds
    while awaited.is_awaited():
        clock.seconds += 1
    return clock.seconds - begin


def test_rests_grow_and_have_an_end(clock: Clock) -> None:
    awaited = DiskFullBackoff(60)
    assert not awaited.is_awaited()
    assert [rest(awaited, clock) for _ in range(5)] == [2, 4, 8, 16, 30]
    clock.seconds += 1
    with pytest.raises(DiskFullError, match="free some space"):
        awaited.wait()


def test_after_a_while_of_work_patience_is_new(clock: Clock) -> None:
    awaited = DiskFullBackoff(60)
    for _ in range(5):
        rest(awaited, clock)
    clock.seconds += disk_full_backoff.AT_WORK + 1
    assert rest(awaited, clock) == 2


def test_a_worker_waits_for_ever(clock: Clock) -> None:
    awaited = DiskFullBackoff(math.inf)
    assert [rest(awaited, clock) for _ in range(100)][-1] == disk_full_backoff.LONGEST_REST


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
