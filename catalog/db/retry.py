"""Retries after a lost database connection; recognition of lost connections and full disks."""

from __future__ import annotations

import logging
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database, DatabaseUnavailableError, DatabaseUnusableError

log = logging.getLogger(__name__)

Result = TypeVar("Result")

PATIENCE = 120.0
"""Seconds without a connection until a retry gives up."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STABLE_SECONDS = 30.0
"""Work that ran this long was connected: its failure is a new loss with its own patience."""

LOST_CODES = ("08", "57P")
"""Prefixes of PostgreSQL's error codes for a lost connection and for a server that stops, crashed or starts."""

DISK_FULL_CODE = "53100"
"""PostgreSQL's error code for a full disk."""
SQLITE_DISK_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""SQLite's error codes for a full disk: in the database and in the index of its WAL."""
DISK_FULL_MESSAGE = "No space left on device"
"""The system's message; a server that cannot accept a connection for this reason sends no code."""

TEMPORARY_MESSAGES = (
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting",
    "not accepting",
    "too many",
    "slots are reserved",
)
"""Parts of messages of a server that will accept connections later."""


def retry_until_connected(work: Callable[[], Result], *, patience: float = PATIENCE) -> Result:
    """Runs the work and returns its result; after a lost connection, runs it again with growing pauses.

    The work opens its own transactions and must be safe to repeat: the connection may be lost after the commit. Raises
    DatabaseUnusableError after `patience` seconds without a connection; other errors are raised unchanged.
    """
    pause = FIRST_PAUSE
    lost_since: float | None = None
    while True:
        started = time.monotonic()
        try:
            return work()
        except Exception as error:
            if not is_connection_lost(error):
                raise
            present = time.monotonic()
            if lost_since is None or present - started > STABLE_SECONDS:
                lost_since, pause = present, FIRST_PAUSE
                log.warning("the database does not answer; waiting up to %.0f s", patience)
            elif present - lost_since > patience:
                raise DatabaseUnusableError(
                    f"the database has not answered for {patience:.0f} s; run the same command again to continue"
                ) from error
        # Random, so that the clients do not reconnect at the same moment.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, LONGEST_PAUSE)


def read_with_retry(database: Database, query: Callable[[Connection], Result]) -> Result:
    """Runs a query in a reading transaction, with `retry_until_connected`."""

    def work() -> Result:
        with database.read() as connection:
            return query(connection)

    return retry_until_connected(work)


def write_with_retry(database: Database, change: Callable[[Connection], Result]) -> Result:
    """Makes a change in one transaction, with `retry_until_connected`: it may be repeated after a commit."""

    def work() -> Result:
        with database.write() as connection:
            return change(connection)

    return retry_until_connected(work)


def is_connection_lost(error: Exception) -> bool:
    """Whether the server is gone or not yet available; a wrong password or database name is neither."""
    if isinstance(error, DatabaseUnavailableError):
        return True
    # Not imported here: a process that has not imported it has no connection to a server.
    psycopg = sys.modules.get("psycopg")
    if psycopg is None:
        return False
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(origin, psycopg.OperationalError):
        return False
    code: str | None = origin.sqlstate
    if code is not None:
        return code.startswith(LOST_CODES)
    # Without an answer there is no code, and a rejected connection has only a message.
    message = str(origin)
    return "FATAL" not in message or any(part in message for part in TEMPORARY_MESSAGES)


def is_disk_full(error: Exception) -> bool:
    """Whether the disk of the database is full."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", None) in SQLITE_DISK_FULL
    return getattr(origin, "sqlstate", None) == DISK_FULL_CODE or DISK_FULL_MESSAGE in str(origin)
