"""Which workers live: rows with a heartbeat, and the sweep that gives back what the dead had claimed."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from importlib.metadata import version

import psutil
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import claim, worker
from workers.claims import give_back

BEAT = 5.0
"""Seconds between heartbeats."""
SILENT = timedelta(seconds=10)
"""Without a heartbeat for so long, a worker of this host whose process is gone is dead."""
LOST = timedelta(seconds=60)
"""Without a heartbeat for so long, a worker of any host is dead."""
KEPT = timedelta(days=1)
"""So long the rows of stopped workers are kept to be looked at."""


def clock(connection: Connection) -> datetime:
    """The present time. Of the database where that is a server: hosts may disagree, and heartbeats must not."""
    if connection.dialect.name == "sqlite":
        return now()
    time: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    return time


def enrol(connection: Connection, name: str, pid: int) -> int:
    """Makes the row of a worker that begins, and gives its id."""
    time = clock(connection)
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
        .values(heartbeat_at=clock(connection), stopped_at=None)
    )


def leave(connection: Connection, worker_id: int, death: str | None = None) -> int:
    """Ends a worker and gives back what it had claimed; `death` as in `give_back`."""
    connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(stopped_at=clock(connection)))
    return give_back(connection, worker_id, death)


def leave_by_name(connection: Connection, name: str, death: str | None) -> bool:
    """Ends a worker known by its name; False where it never began."""
    worker_id = connection.execute(sa.select(worker.c.id).where(worker.c.name == name)).scalar()
    if worker_id is None:
        return False
    leave(connection, worker_id, death)
    return True


def sweep(connection: Connection) -> int:
    """Ends every worker that is dead and gives back its tracks; gives how many were found dead."""
    time = clock(connection)
    living = sa.select(worker).where(worker.c.stopped_at.is_(None))
    dead = 0
    for row in connection.execute(living).all():
        silence = time - row.heartbeat_at
        is_here = row.host == socket.gethostname()
        if silence <= SILENT:
            continue
        if is_here and _is_gone(row.pid, row.started_at):
            leave(connection, row.id, "without a trace")
        elif silence > LOST:
            # A process that is there but silent was stopped, or the machine slept: no track is to blame.
            leave(connection, row.id, None if is_here else "without a trace")
        else:
            continue
        dead += 1
    claims = sa.exists().where(claim.c.worker_id == worker.c.id)
    connection.execute(sa.delete(worker).where(worker.c.stopped_at < time - KEPT, ~claims))
    return dead


def sweep_if_needed(database: Database) -> None:
    """A sweep, unless a look that writes nothing shows that no worker is silent."""
    with database.read() as connection:
        silent = sa.exists().where(
            worker.c.stopped_at.is_(None), worker.c.heartbeat_at < clock(connection) - SILENT
        )
        found = connection.execute(sa.select(silent)).scalar_one()
    if found:
        with database.write() as connection:
            sweep(connection)


def _is_gone(pid: int, started_at: datetime) -> bool:
    """Whether this host has no such process, or has given its number to a younger one."""
    try:
        process = psutil.Process(pid)
        is_another = process.create_time() > started_at.timestamp() + 60
        return bool(is_another or process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
