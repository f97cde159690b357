"""Database connections: one engine for readers, one for writers."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError

if TYPE_CHECKING:
    import psycopg

BUSY_TIMEOUT_SECONDS = 15
LOCK_RETRY_SECONDS = (0.001, 0.01)
"""Bounds of the random wait between two attempts to get the write lock."""
PAGE_SIZE = 8192
SECRETS = ("password", "sslpassword")
"""Options of a PostgreSQL URL that are not shown."""
KEEPALIVE_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A lost network is noticed after half a minute instead of TCP's two hours. Options in the URL take precedence."""


class DatabaseUnusableError(CatalogError):
    """A database that cannot be used, with what to do about it."""


class DatabaseUnavailableError(DatabaseUnusableError):
    """A server that does not answer, or not yet."""


@dataclass(frozen=True)
class Database:
    """Connections to one database.

    On SQLite readers and writers need different transactions: a DEFERRED writer fails at its first write with
    "database is locked" regardless of the timeout, and an IMMEDIATE reader blocks all writers.
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
        """The location for messages: the file, or the URL without its password."""
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
        """A read-only transaction whose queries all see the same state, also if others write."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.reader.execution_options(**options).begin() as connection:
            # On both databases the first query fixes the state, not BEGIN.
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master" if self.is_sqlite else "SELECT 1")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end and rolled back after an exception."""
        with self.writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Closes all pooled connections; a process must do so before it forks."""
        self.reader.dispose()
        self.writer.dispose()

    def detach_after_fork(self) -> None:
        """Drops the connections that a fork inherited without closing them: they belong to the parent."""
        # A reference keeps the garbage collector from closing them.
        _inherited.extend((self.reader.pool, self.writer.pool))
        self.reader.dispose(close=False)
        self.writer.dispose(close=False)


_databases: WeakSet[Database] = WeakSet()
_inherited: list[Pool] = []


def _registered(database: Database) -> Database:
    """Registers the database, so that child processes do not use its connections."""
    _databases.add(database)
    return database


def _detach_all() -> None:
    for database in list(_databases):
        database.detach_after_fork()


os.register_at_fork(after_in_child=_detach_all)


def open_database(url: str | sa.URL) -> Database:
    """Creates the engines for a URL without connecting. `postgresql://` uses psycopg 3.

    Raises DatabaseUnusableError for an invalid URL and for databases other than SQLite and PostgreSQL.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise DatabaseUnusableError(
            "the database URL is invalid; use sqlite:///FILE or postgresql://user@host/name"
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
    keepalive = {name: value for name, value in KEEPALIVE_OPTIONS.items() if name not in url.query}
    # Not the encoding of the URL or of PGCLIENTENCODING: text would be lost.
    options: dict[str, Any] = {**keepalive, "client_encoding": "utf8"}
    reader = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=2,
        connect_args=options,
        execution_options={"postgresql_readonly": True},
    )
    writer = sa.create_engine(url, pool_pre_ping=True, pool_size=2, connect_args=options)
    for engine in (reader, writer):
        # Before SQLAlchemy's first query, which fails in some encodings.
        event.listen(engine, "connect", _require_utf8, insert=True)
    return _registered(Database(url, reader, writer))


def _require_utf8(connection: psycopg.Connection[Any], _record: object) -> None:
    """Raises DatabaseUnusableError for a database in another encoding, before anything is created in it."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in {None, "UTF8"}:
        name = connection.info.dbname
        connection.close()
        raise DatabaseUnusableError(
            f"the database {name} has the encoding {encoding}, not UTF8; create another one: "
            "createdb --encoding UTF8 --template template0 NAME"
        )


def _open_sqlite(url: sa.URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnusableError(
            "an in-memory catalog cannot be shared with workers; name a file: sqlite:///FILE"
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

    return _registered(Database(url, reader, writer))


def _begin_immediate(connection: Connection) -> None:
    """Waits for the write lock, up to the connection's `busy_timeout`.

    SQLite's own busy handler backs off to ten attempts per second, so that the longest waiting writer can starve. Here
    every writer retries at the same random rate.
    """
    plain = connection.connection
    (timeout,) = plain.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + timeout / 1000
    plain.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                plain.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    break
                time.sleep(random.uniform(*LOCK_RETRY_SECONDS))
            else:
                return
    finally:
        plain.execute(f"PRAGMA busy_timeout = {timeout}")
    # Once more, so that SQLAlchemy raises its own error.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def sqlite_address(file: Path, mode: str) -> str:
    """The URI of a SQLite file with the mode `ro`, `rw`, or `rwc` (create).

    SQLite writes next to a file in WAL mode even to read it. In a read-only folder the file is opened as immutable,
    unless there is a WAL file: then a writer may be running or was killed.
    """
    file = file.absolute()
    is_immutable = (
        mode != "rwc"
        and file.exists()
        and not os.access(file.parent, os.W_OK)
        and not file.with_name(f"{file.name}-wal").exists()
    )
    return f"file:{quote(str(file))}?{'mode=ro&immutable=1' if is_immutable else f'mode={mode}'}"


def _connect_sqlite(file: Path, mode: str) -> sqlite3.Connection:
    """Only a writer creates the file and its folder: reading a missing catalog must not create anything."""
    if mode == "rwc":
        _make_folder(file.parent)
    return sqlite3.connect(
        sqlite_address(file, mode),
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _make_folder(folder: Path) -> None:
    try:
        make_private_folder(folder)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise DatabaseUnusableError(
            f"the folder {folder} cannot be created ({error.strerror}); choose another one with --home"
        ) from None
