"""Copies a catalog into another database in one transaction and compares every table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.schema.bundled_content import store_digest, stored_digests
from catalog.db.schema.constraints import (
    add_foreign_keys,
    drop_foreign_keys,
    set_sequences,
    without_foreign_keys,
)
from catalog.db.schema.schema_state import (
    COPY_TABLE,
    SchemaState,
    inspect_schema,
    is_filled,
    require_compatible,
    upgrade,
)
from catalog.db.schema.views import VIEWS
from catalog.db.tables import bundled_content, metadata
from catalog.db.transfer.portable_rows import (
    PortableRow,
    TableChecksum,
    portable_rows,
    write_portable_rows,
)
from catalog.errors import CatalogError

ROWS_PER_REPORT = 5_000

COPIED = tuple(table for table in metadata.sorted_tables if table is not bundled_content)
"""The tables that are copied row by row. `bundled_content` describes the database that it is in."""


class CopyRejectedError(CatalogError):
    """A copy that cannot start, or that differs from its source, with what to do."""


@dataclass(frozen=True)
class CopyResult:
    """A finished copy."""

    tables: dict[str, TableChecksum]
    """The checksum of each table, equal in both databases."""
    source_changed: bool
    """Whether the source, if it is SQLite, was written to during the copy: the copy has its state at the beginning."""


OnProgress = Callable[[str, int], None]
"""Receives the table and the number of rows written and compared so far: twice the rows of the source at the end."""


def copy_database(
    source: Database, target: Database, on_progress: OnProgress = lambda _table, _rows: None
) -> CopyResult:
    """Copies every table into an empty database, or into one that an interrupted copy left behind.

    The source is read in one snapshot and not changed. All rows are written, read back and compared by count and
    checksum in one transaction of the target. Memory does not grow with the number of rows. After a lost connection
    the copy starts over. Raises CopyRejectedError, and DatabaseUnusableError if a database cannot be used.
    """
    prepare_target(source, target)
    checksums: dict[str, TableChecksum] = {}
    version: int | None = None

    def attempt() -> None:
        nonlocal checksums, version
        if checksums and inspect_schema(target).state is SchemaState.CURRENT:
            return  # the connection was lost after the commit
        with source.snapshot() as reading, _copying(target) as writing:
            version = _data_version(reading)
            checksums = _copy(reading, writing, on_progress)

    retry_until_connected(attempt)
    with target.write() as connection:
        connection.exec_driver_sql("ANALYZE")
    with source.read() as connection:
        return CopyResult(checksums, _data_version(connection) != version)


def require_target(source: Database, target: Database) -> None:
    """Raises CopyRejectedError or DatabaseUnusableError unless the target is empty or an interrupted copy."""
    if source.url == target.url:
        raise CopyRejectedError("the target is the catalog itself; name another database")
    if target.file is not None and not target.file.parent.is_dir():
        raise CopyRejectedError(
            f"there is no folder {target.file.parent}; create it first, or correct the name"
        )
    schema = inspect_schema(target)
    if schema.state is SchemaState.EMPTY:
        return
    is_half_copied = schema.state is SchemaState.HALF_COPIED
    if not is_half_copied:
        require_compatible(schema)
    # An interrupted copy has no rows, and a running one has locked its tables.
    if schema.revision != schema.head or (not is_half_copied and is_filled(target)):
        raise CopyRejectedError(f"{target.place} already holds a catalog; name an empty database")


def prepare_target(source: Database, target: Database) -> None:
    """Creates the tables, and the marker table that exists until the copy is complete."""
    require_target(source, target)
    if inspect_schema(target).state is not SchemaState.HALF_COPIED:
        upgrade(target)
        with target.write() as connection:
            connection.exec_driver_sql(f"CREATE TABLE {COPY_TABLE} (source text)")


@contextmanager
def _copying(target: Database) -> Iterator[Connection]:
    """The transaction of the copy. Raises CopyRejectedError if another process copies into the same database."""
    with without_foreign_keys(target) as connection:
        if not sa.inspect(connection).has_table(COPY_TABLE):
            raise CopyRejectedError("another copy into the same database has finished")
        if connection.dialect.name == "postgresql":
            try:
                connection.exec_driver_sql(f"LOCK TABLE {COPY_TABLE} IN EXCLUSIVE MODE NOWAIT")
            except sa.exc.OperationalError as error:
                if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                    raise
                raise CopyRejectedError(
                    "another copy into the same database is running; wait for it"
                ) from None
        yield connection


def _copy(reading: Connection, writing: Connection, on_progress: OnProgress) -> dict[str, TableChecksum]:
    """Writes and compares all tables, then adds foreign keys and sequences and removes the marker."""
    rows_done = 0

    def counted(table: str, rows: Iterable[PortableRow]) -> Iterator[PortableRow]:
        nonlocal rows_done
        for row in rows:
            yield row
            rows_done += 1
            if rows_done % ROWS_PER_REPORT == 0:
                on_progress(table, rows_done)
        on_progress(table, rows_done)

    drop_foreign_keys(writing)
    checksums = {table.name: TableChecksum() for table in COPIED}
    for table in COPIED:
        rows = counted(table.name, portable_rows(reading, table))
        with _explained(table):
            write_portable_rows(writing, table, checksums[table.name].tee(rows))
    different = [
        table.name
        for table in COPIED
        if TableChecksum.of(counted(table.name, portable_rows(writing, table))) != checksums[table.name]
    ]
    if different:
        raise CopyRejectedError(
            f"the copy differs from the source in: {', '.join(different)}; nothing was copied; run the command again"
        )
    _finish(writing, stored_digests(reading))
    return checksums


@contextmanager
def _explained(table: sa.Table) -> Iterator[None]:
    """Turns a row that the database refuses into one line that names the table."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, sqlite3.IntegrityError, OverflowError) as error:
        diagnosis = getattr(error, "diag", None)
        context = getattr(diagnosis, "context", None)
        reason = ", ".join(part.splitlines()[0] for part in (str(error), context) if part)
        raise CopyRejectedError(f"table {table.name} cannot be copied: {reason}") from error


def _finish(connection: Connection, digests: dict[str, str]) -> None:
    broken = add_foreign_keys(connection)
    if broken:
        raise CopyRejectedError(
            f"the source has rows that refer to missing rows: {broken}; catalog db check lists them"
        )
    set_sequences(connection)
    for name, digest in digests.items():
        if name != VIEWS:
            store_digest(connection, name, digest)
    connection.exec_driver_sql(f"DROP TABLE {COPY_TABLE}")


def _data_version(connection: Connection) -> int | None:
    """A number that changes when another connection commits; None on PostgreSQL, which has none per database."""
    if connection.dialect.name != "sqlite":
        return None
    version: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    return version
