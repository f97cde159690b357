"""Worker liveness: rows with heartbeats, and the sweep that releases the claims of dead workers."""

import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import claim, worker
from catalog.db.upsert import insert_row
from workers.state.claims import release

HEARTBEAT_INTERVAL = 5.0
"""Seconds between heartbeats."""
SILENT_AFTER = timedelta(seconds=10)
"""A worker of this host is dead after this time without a heartbeat if its process is gone."""
LOST_AFTER = timedelta(seconds=45)
"""A worker of any host is dead after this time without a heartbeat."""
MIN_WATCHED = timedelta(seconds=15)
"""The time for which a sweeper must see no heartbeat before it relies on clocks."""
KEPT = timedelta(days=1)
"""The time for which the rows of stopped workers are kept."""


def register(connection: Connection, name: str, pid: int) -> int:
    """Inserts the row of a worker that starts. Returns its id."""
    time = server_time(connection)
    return insert_row(
        connection,
        worker,
        name=name,
        host=socket.gethostname(),
        pid=pid,
        version=version("music-catalog"),
        started_at=time,
        heartbeat_at=time,
    )


def beat(connection: Connection, worker_id: int) -> None:
    """Records a heartbeat. A worker that was considered dead, after a pause or a lost connection, is alive again."""
    connection.execute(
        sa.update(worker)
        .where(worker.c.id == worker_id)
        .values(heartbeat_at=server_time(connection), stopped_at=None)
    )


def deregister(connection: Connection, worker_id: int, death: str | None = None) -> int:
    """Marks a worker as stopped and releases its claims; `death` as in `release`."""
    connection.execute(
        sa.update(worker).where(worker.c.id == worker_id).values(stopped_at=server_time(connection))
    )
    return release(connection, worker_id, death)


def deregister_by_name(connection: Connection, name: str, death: str | None) -> int | None:
    """Deregisters the worker with this name. Returns the number of its tracks; None if it never registered."""
    columns = worker.c
    worker_id = connection.execute(sa.select(columns.id).where(columns.name == name)).scalar()
    if worker_id is None:
        return None
    deregister(connection, worker_id, death)
    tracks = sa.select(columns.analyzed + columns.failed).where(columns.id == worker_id)
    return int(connection.execute(tracks).scalar_one())


def sweep(connection: Connection) -> int:
    """Deregisters every worker that is dead by the clock. Returns their number.

    For a single check. A process that keeps running uses `Sweeper`.
    """
    time = server_time(connection)
    dead = [row for row in _living(connection) if _is_dead(row, time - row.heartbeat_at)]
    return _deregister_dead(connection, dead, time)


class Sweeper:
    """Watches heartbeats with its own monotonic clock, so that a clock that jumps on any host makes no worker dead."""

    def __init__(self, database: Database, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._last_beats: dict[int, tuple[datetime, float]] = {}

    def sweep(self) -> int:
        """Checks all workers; to be called every few seconds. Returns the number of dead ones.

        Writes to the database only if there are any.
        """
        with self._database.read() as connection:
            time, living = server_time(connection), _living(connection)
        present = self._clock()
        previous, self._last_beats = self._last_beats, {}
        dead = []
        for row in living:
            beat, since = previous.get(row.id, (None, present))
            since = since if beat == row.heartbeat_at else present
            self._last_beats[row.id] = (row.heartbeat_at, since)
            watched = timedelta(seconds=present - since)
            by_clock = min(time - row.heartbeat_at, watched + LOST_AFTER - MIN_WATCHED)
            # Silent by the clock and watched for a while, or watched for long, whatever the clock says.
            if _is_dead(row, by_clock) or _is_dead(row, watched):
                dead.append(row)
        if not dead:
            return 0
        with self._database.write() as connection:
            # A worker with a new heartbeat is alive.
            beats = {row.id: row.heartbeat_at for row in _living(connection)}
            dead = [row for row in dead if beats.get(row.id) == row.heartbeat_at]
            return _deregister_dead(connection, dead, server_time(connection))


def _living(connection: Connection) -> list[sa.Row[Any]]:
    return list(connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all())


def _is_dead(row: sa.Row[Any], silence: timedelta) -> bool:
    return silence > LOST_AFTER or (_is_local(row) and silence > SILENT_AFTER and _is_process_gone(row))


def _deregister_dead(connection: Connection, dead: Sequence[sa.Row[Any]], time: datetime) -> int:
    for row in dead:
        # A process that exists but is silent was paused, or the machine slept: no track is to blame.
        is_paused = _is_local(row) and not _is_process_gone(row)
        deregister(connection, row.id, None if is_paused else "without a trace")
    claims = sa.exists().where(claim.c.worker_id == worker.c.id)
    connection.execute(sa.delete(worker).where(worker.c.stopped_at < time - KEPT, ~claims))
    return len(dead)


def _is_local(row: sa.Row[Any]) -> bool:
    return bool(row.host == socket.gethostname())


def _is_process_gone(row: sa.Row[Any]) -> bool:
    """Whether this host has no process with this id, or has given the id to a younger process."""
    import psutil  # not needed by commands that only list workers

    try:
        process = psutil.Process(row.pid)
        is_younger = process.create_time() > row.started_at.timestamp() + 60
        return bool(is_younger or process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
