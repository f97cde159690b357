"""Worker liveness: the sweeper relies on its own observation, because clocks may jump."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import claim, worker
from tests.integration.workers.rows import add_tracks, claimed_ids, feature_set_of, register_worker
from workers.state import claims, liveness
from workers.state.liveness import Sweeper


class Clock:
    """A monotonic clock that a test sets."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def far(database: Database) -> int:
    """A worker on another host."""
    with database.write() as connection:
        worker_id = liveness.register(connection, "far", 7)
        connection.execute(sa.update(worker).values(host="another"))
    return worker_id


def shift(database: Database, worker_id: int, seconds: float) -> None:
    """What it looks like when the database's clock jumps ahead: every heartbeat is that much older."""
    with database.write() as connection:
        beat = server_time(connection) - timedelta(seconds=seconds)
        connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(heartbeat_at=beat))


def is_alive(database: Database, worker_id: int) -> bool:
    with database.read() as connection:
        stopped = sa.select(worker.c.stopped_at).where(worker.c.id == worker_id)
        return connection.execute(stopped).scalar_one() is None


def test_a_clock_that_jumps_ahead_kills_nobody_who_still_beats(
    database: Database, far: int, clock: Clock
) -> None:
    sweeper = Sweeper(database, clock)
    for second in range(120):
        clock.seconds += 1
        if second % 5 == 0:
            shift(database, far, 3_600 + second % 2)
        assert sweeper.sweep() == 0
    assert is_alive(database, far)


def test_a_clock_that_jumps_back_keeps_no_dead_one_alive(database: Database, far: int, clock: Clock) -> None:
    sweeper = Sweeper(database, clock)
    shift(database, far, -3_600)
    assert sweeper.sweep() == 0
    clock.seconds += liveness.LOST_AFTER.total_seconds() - 1
    assert sweeper.sweep() == 0
    clock.seconds += 2
    assert sweeper.sweep() == 1
    assert not is_alive(database, far)


def test_who_died_before_the_watch_began_is_found_soon(database: Database, far: int, clock: Clock) -> None:
    sweeper = Sweeper(database, clock)
    shift(database, far, 600)
    assert sweeper.sweep() == 0
    clock.seconds += liveness.MIN_WATCHED.total_seconds() + 1
    assert sweeper.sweep() == 1
    assert sweeper.sweep() == 0


def test_a_process_that_is_gone_from_this_host_is_found_at_once(database: Database, clock: Clock) -> None:
    with database.write() as connection:
        gone = liveness.register(connection, "gone", 2**22 + 1)
    sweeper = Sweeper(database, clock)
    assert sweeper.sweep() == 0
    shift(database, gone, liveness.SILENT_AFTER.total_seconds() + 1)
    assert sweeper.sweep() == 1


def test_every_death_is_found_within_a_minute() -> None:
    assert liveness.LOST_AFTER + timedelta(seconds=liveness.HEARTBEAT_INTERVAL) < timedelta(minutes=1)


def silence(connection: Connection, worker_id: int, seconds: float) -> None:
    beat = server_time(connection) - timedelta(seconds=seconds)
    connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(heartbeat_at=beat))


def test_a_sweep_finds_those_whose_process_is_gone_and_those_long_silent(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 4)
        beating, gone, elsewhere, asleep = (register_worker(connection, name) for name in "abcd")
        connection.execute(sa.update(worker).where(worker.c.id == gone).values(pid=2**22 + 1))
        connection.execute(sa.update(worker).where(worker.c.id == elsewhere).values(host="another"))
        for worker_id, track_id in zip((beating, gone, elsewhere, asleep), ids, strict=True):
            claimed_ids(connection, worker_id, [track_id], stored)
            claims.begin(connection, worker_id, track_id)
        silence(connection, gone, 15)
        silence(connection, elsewhere, 15)
        silence(connection, asleep, 15)
        assert liveness.sweep(connection) == 1
        silence(connection, elsewhere, 90)
        silence(connection, asleep, 90)
        assert liveness.sweep(connection) == 2
        rows = connection.execute(sa.select(claim.c.track_id, claim.c.worker_id, claim.c.deaths))
        left = {row.track_id: (row.worker_id, row.deaths) for row in rows}
        assert left == {ids[0]: (beating, 0), ids[1]: (None, 1), ids[2]: (None, 1)}
        liveness.beat(connection, asleep)
        living = connection.execute(sa.select(worker.c.id).where(worker.c.stopped_at.is_(None))).scalars()
        assert set(living) == {beating, asleep}


def test_old_rows_of_workers_are_cleared_away(database: Database) -> None:
    with database.write() as connection:
        ann, bob = register_worker(connection, "ann"), register_worker(connection, "bob")
        liveness.deregister(connection, ann)
        assert liveness.deregister_by_name(connection, "bob", None) == 0
        assert liveness.deregister_by_name(connection, "nobody", None) is None
        connection.execute(
            sa.update(worker).where(worker.c.id == ann).values(stopped_at=now() - timedelta(days=2))
        )
        liveness.sweep(connection)
        assert connection.execute(sa.select(worker.c.id)).scalars().all() == [bob]
