"""An open database: one engine for readers, one for writers."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError

BUSY_TIMEOUT_SECONDS = 15
LOOKS = (0.001, 0.01)
"""Seconds between two looks at whether it is our turn to write."""
PAGE_SIZE = 8192
SECRETS = ("password", "sslpassword")
"""Options of a PostgreSQL URL that nobody is to see."""
SIGNS_OF_LIFE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server whose network was cut is given up after half a minute, not after the two hours of TCP. An option of the same
name in the URL wins.
"""


class DatabaseUnusableError(CatalogError):
    """A database that cannot be opened, with what to do about it."""


class DatabaseUnavailableError(DatabaseUnusableError):
    """A server that does not answer, or not yet."""


@dataclass(frozen=True)
class Database:
    """Connections to one database.

    On SQLite readers and writers need different transactions: a writer that begins DEFERRED fails at its first
    write with "database is locked" whatever the timeout, and a reader that begins IMMEDIATE blocks all writers.
    """

    url: sa.URL
    reader: Engine
    writer: Engine

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None on PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def place(self) -> str:
        """Where the database is, for people: the file, or the URL without its password."""
        url = self.url.set(drivername=self.url.get_backend_name()).difference_update_query(SECRETS)
        return str(self.file or url.render_as_string(hide_password=True))

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction."""
        with self.reader.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read-only transaction whose every query sees the same state, whoever writes meanwhile."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.reader.execution_options(**options).begin() as connection:
            # On both databases the first query fixes the state, not the beginning.
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master" if self.is_sqlite else "SELECT 1")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end and rolled back by an exception."""
        with self.writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Closes every pooled connection; needed in a parent before it forks."""
        self.reader.dispose()
        self.writer.dispose()

    def forget(self) -> None:
        """Drops the connections that a fork inherited without closing them: they belong to the parent."""
        # Kept, so that nothing closes them when they would be collected.
        _inherited.extend((self.reader.pool, self.writer.pool))
        self.reader.dispose(close=False)
        self.writer.dispose(close=False)


_databases: WeakSet[Database] = WeakSet()
_inherited: list[Pool] = []


def _remembered(database: Database) -> Database:
    """The database, whose connections no child of this process is to use."""
    _databases.add(database)
    return database


def _forget_all() -> None:
    for database in list(_databases):
        database.forget()


os.register_at_fork(after_in_child=_forget_all)


def open_database(url: str | sa.URL) -> Database:
    """Engines for the URL; nothing is connected yet. `postgresql://` means psycopg 3.

    Raises DatabaseUnusableError for a URL that is none, or of a database that is neither SQLite nor PostgreSQL.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise DatabaseUnusableError(
            "the database URL cannot be read; it looks like postgresql://user@host/name"
        ) from None
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
        return _open_postgresql(parsed)
    if backend == "sqlite":
        return _open_sqlite(parsed)
    raise DatabaseUnusableError(
        f"{backend} is not supported; use sqlite:///FILE or postgresql://user@host/name"
    )


def _open_postgresql(url: sa.URL) -> Database:
    signs = {name: value for name, value in SIGNS_OF_LIFE.items() if name not in url.query}
    reader = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=2,
        connect_args=signs,
        execution_options={"postgresql_readonly": True},
    )
    writer = sa.create_engine(url, pool_pre_ping=True, pool_size=2, connect_args=signs)
    return _remembered(Database(url, reader, writer))


def _open_sqlite(url: sa.URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnusableError(
            "a catalog in memory cannot be shared with workers; name a file: sqlite:///FILE"
        )
    file = Path(url.database)
    url = url.set(drivername="sqlite", database=str(file))
    reader = sa.create_engine(url, creator=lambda: _connect_sqlite(file, "rw"))
    writer = sa.create_engine(url, creator=lambda: _connect_sqlite(file, "rwc"))

    @event.listens_for(writer, "connect")
    def set_up_writer(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(reader, "connect")
    def set_up_reader(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    @event.listens_for(writer, "begin")
    def begin_writing(connection: Connection) -> None:
        _begin_immediate(connection)

    @event.listens_for(reader, "begin")
    def begin_reading(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN DEFERRED")

    return _remembered(Database(url, reader, writer))


def _begin_immediate(connection: Connection) -> None:
    """Waits for its turn to write, as long as the connection's `busy_timeout` says.

    SQLite itself looks ever more seldom, ten times a second in the end: where others write without a pause, who has
    waited longest comes last, and waits for ever. Here everybody looks as often, at times drawn by chance.
    """
    plain = connection.connection
    (patience,) = plain.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + patience / 1000
    plain.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                plain.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    break
                time.sleep(random.uniform(*LOOKS))
            else:
                return
    finally:
        plain.execute(f"PRAGMA busy_timeout = {patience}")
    # Once more, for an error as SQLAlchemy's users know it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def sqlite_address(file: Path, mode: str) -> str:
    """The URI of a SQLite file to open `ro`, `rw`, or `rwc`, which makes it.

    To read a file in WAL mode SQLite writes beside it. Where nobody can, on a medium that may only be read, the file is
    taken for one that does not change, unless a log lies there: somebody else may be writing, or was killed.
    """
    file = file.absolute()
    is_fixed = (
        mode != "rwc"
        and file.exists()
        and not os.access(file.parent, os.W_OK)
        and not file.with_name(f"{file.name}-wal").exists()
    )
    return f"file:{quote(str(file))}?{'mode=ro&immutable=1' if is_fixed else f'mode={mode}'}"


def _connect_sqlite(file: Path, mode: str) -> sqlite3.Connection:
    """Only a writer makes the file and its folder: asking for a catalog that is not there must leave nothing behind."""
    if mode == "rwc":
        make_private_folder(file.parent)
    return sqlite3.connect(
        sqlite_address(file, mode),
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
