"""Which workers live: rows with a heartbeat, and the sweep that gives back what the dead had claimed."""

from __future__ import annotations

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
from workers.state.claims import give_back

BEAT = 5.0
"""Seconds between heartbeats."""
SILENT = timedelta(seconds=10)
"""Without a heartbeat for so long, a worker of this host whose process is gone is dead."""
LOST = timedelta(seconds=45)
"""Without a heartbeat for so long, a worker of any host is dead."""
WATCHED = timedelta(seconds=15)
"""So long a watcher sees no heartbeat with its own eyes before it believes what clocks say."""
KEPT = timedelta(days=1)
"""So long the rows of stopped workers are kept to be looked at."""


def register(connection: Connection, name: str, pid: int) -> int:
    """Makes the row of a worker that begins, and gives its id."""
    time = server_time(connection)
    row = {
        "name": name,
        "host": socket.gethostname(),
        "pid": pid,
        "version": version("music-catalog"),
        "started_at": time,
        "heartbeat_at": time,
    }
    worker_id: int = connection.execute(sa.insert(worker).values(row).returning(worker.c.id)).scalar_one()
    return worker_id


def beat(connection: Connection, worker_id: int) -> None:
    """One heartbeat. One that was taken for dead, because it was stopped or cut off for long, is alive again."""
    connection.execute(
        sa.update(worker)
        .where(worker.c.id == worker_id)
        .values(heartbeat_at=server_time(connection), stopped_at=None)
    )


def deregister(connection: Connection, worker_id: int, death: str | None = None) -> int:
    """Ends a worker and gives back what it had claimed; `death` as in `give_back`."""
    connection.execute(
        sa.update(worker).where(worker.c.id == worker_id).values(stopped_at=server_time(connection))
    )
    return give_back(connection, worker_id, death)


def deregister_by_name(connection: Connection, name: str, death: str | None) -> bool:
    """Ends a worker known by its name; False where it never began."""
    worker_id = connection.execute(sa.select(worker.c.id).where(worker.c.name == name)).scalar()
    if worker_id is None:
        return False
    deregister(connection, worker_id, death)
    return True


def sweep(connection: Connection) -> int:
    """Ends every worker that is dead by the clock and gives back its tracks; gives how many were found dead.

    For who looks but once. Who stays watches: see `Sweeper`.
    """
    time = server_time(connection)
    dead = [row for row in _living(connection) if _is_dead(row, time - row.heartbeat_at)]
    return _bury(connection, dead, time)


class Sweeper:
    """Watches the heartbeats, and goes by its own monotonic clock: one that jumps, on any host, kills nobody."""

    def __init__(self, database: Database, present: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._present = present
        self._seen: dict[int, tuple[datetime, float]] = {}

    def sweep(self) -> int:
        """One look, to be had every few seconds; gives how many were found dead. Writes only where there are such."""
        with self._database.read() as connection:
            time, living = server_time(connection), _living(connection)
        present = self._present()
        before, self._seen = self._seen, {}
        dead = []
        for row in living:
            beat, since = before.get(row.id, (None, present))
            since = since if beat == row.heartbeat_at else present
            self._seen[row.id] = (row.heartbeat_at, since)
            watched = timedelta(seconds=present - since)
            # Silent by the clock, and seen to be silent; or seen so for long, whatever the clock says.
            if _is_dead(row, min(time - row.heartbeat_at, watched + LOST - WATCHED)) or _is_dead(
                row, watched
            ):
                dead.append(row)
        if not dead:
            return 0
        with self._database.write() as connection:
            # One that has come back in the meantime is alive.
            beats = {row.id: row.heartbeat_at for row in _living(connection)}
            still = [row for row in dead if beats.get(row.id) == row.heartbeat_at]
            return _bury(connection, still, server_time(connection))


def _living(connection: Connection) -> list[sa.Row[Any]]:
    return list(connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all())


def _is_dead(row: sa.Row[Any], silence: timedelta) -> bool:
    is_gone_here = row.host == socket.gethostname() and silence > SILENT and _is_gone(row.pid, row.started_at)
    return is_gone_here or silence > LOST


def _bury(connection: Connection, dead: Sequence[sa.Row[Any]], time: datetime) -> int:
    for row in dead:
        # A process that is there but silent was stopped, or the machine slept: no track is to blame.
        is_there = row.host == socket.gethostname() and not _is_gone(row.pid, row.started_at)
        deregister(connection, row.id, None if is_there else "without a trace")
    claims = sa.exists().where(claim.c.worker_id == worker.c.id)
    connection.execute(sa.delete(worker).where(worker.c.stopped_at < time - KEPT, ~claims))
    return len(dead)


def _is_gone(pid: int, started_at: datetime) -> bool:
    """Whether this host has no such process, or has given its number to a younger one."""
    import psutil  # who only looks at who lives needs none

    try:
        process = psutil.Process(pid)
        is_another = process.create_time() > started_at.timestamp() + 60
        return bool(is_another or process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
