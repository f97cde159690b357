"""What is no fault of the work: a database that went away, which is waited for, and one without room on its disk."""

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
"""Seconds for which a database is waited for."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
AT_WORK = 30.0
"""Who fails only after so many seconds had been connected: it is a new loss, with its own patience."""

AWAY = ("08", "57P")
"""How PostgreSQL's codes of a lost connection and of a server that stops, crashed or starts begin."""

FULL = "53100"
"""PostgreSQL's code of a disk without room."""
FULL_TO_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""What SQLite calls it, in the database and in the index of its log."""
FULL_IN_WORDS = "No space left on device"
"""What the system calls it; a server that cannot take a connection for it has no code."""

NOT_YET = (
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting",
    "not accepting",
    "too many",
    "slots are reserved",
)
"""What a server says that will take us later."""


def retry_until_connected(work: Callable[[], Result], *, patience: float = PATIENCE) -> Result:
    """What the work gives; it is begun again, after ever longer pauses, for as long as the database is away.

    The work opens its transactions itself, and does no harm when it is done twice: the answer to a commit may be
    what was lost. Raises DatabaseUnusableError after `patience` seconds without a connection, and every other error as it is.
    """
    pause = FIRST_PAUSE
    away_since: float | None = None
    while True:
        begun = time.monotonic()
        try:
            return work()
        except Exception as error:
            if not is_connection_lost(error):
                raise
            present = time.monotonic()
            if away_since is None or present - begun > AT_WORK:
                away_since, pause = present, FIRST_PAUSE
                log.warning("the database does not answer; waiting for it up to %.0f s", patience)
            elif present - away_since > patience:
                raise DatabaseUnusableError(
                    f"the database has not answered for {patience:.0f} s; the same command goes on from here"
                ) from error
        # Not all are to come back at one moment.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, LONGEST_PAUSE)


def read_with_retry(database: Database, question: Callable[[Connection], Result]) -> Result:
    """What a question gives that is asked in one reading transaction, as `retry_until_connected`."""

    def work() -> Result:
        with database.read() as connection:
            return question(connection)

    return retry_until_connected(work)


def write_with_retry(database: Database, change: Callable[[Connection], Result]) -> Result:
    """What a change gives that is made in one transaction, as `retry_until_connected`. Another attempt may follow one that was
    committed.
    """

    def work() -> Result:
        with database.write() as connection:
            return change(connection)

    return retry_until_connected(work)


def is_connection_lost(error: Exception) -> bool:
    """Whether the error says that the server is gone or not yet there; a wrong password or name says neither."""
    if isinstance(error, DatabaseUnavailableError):
        return True
    # Not imported for this: who has not imported it has spoken to no server.
    psycopg = sys.modules.get("psycopg")
    if psycopg is None:
        return False
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(origin, psycopg.OperationalError):
        return False
    code: str | None = origin.sqlstate
    if code is not None:
        return code.startswith(AWAY)
    # Where no server answered there is no code; where one refused us on connecting, only its words.
    words = str(origin)
    return "FATAL" not in words or any(said in words for said in NOT_YET)


def is_disk_full(error: Exception) -> bool:
    """Whether the error says that the disk of the database has no room."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", None) in FULL_TO_SQLITE
    return getattr(origin, "sqlstate", None) == FULL or FULL_IN_WORDS in str(origin)
