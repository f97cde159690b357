"""A catalog copied into another database, row by row and table by table: resumed where it was killed, and compared."""

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
from catalog.db.schema.constraints import add_references, drop_references, set_sequences, without_references
from catalog.db.schema.schema import SchemaState, inspect_schema, is_filled, require_compatible, upgrade
from catalog.db.schema.views import VIEWS
from catalog.db.tables import bundled_content, metadata
from catalog.db.transfer.copy_checkpoint import (
    Checkpoint,
    advance_checkpoint,
    begin_checkpoint,
    checkpoint_source,
    copy_checkpoint,
    read_checkpoint,
)
from catalog.db.transfer.portable_rows import (
    PortableRow,
    TableChecksum,
    key_of,
    portable_rows,
    write_portable_rows,
)
from catalog.errors import CatalogError

CHUNK_ROWS = 5_000
CHUNK_BYTES = 16 * 1024 * 1024
"""A chunk is written in one transaction, and held in memory until then."""

COPIED = tuple(table for table in metadata.sorted_tables if table is not bundled_content)
"""What is copied row by row. What `bundled_content` says of the views is true of the database they are in."""


class CopyRejectedError(CatalogError):
    """A copy that cannot be begun, or that is not like its source, with what to do."""


@dataclass(frozen=True)
class CopiedTable:
    """A table that is the same in both databases."""

    name: str
    sum: TableChecksum
    kept: int
    """Rows that an earlier, unfinished copy had brought."""


@dataclass(frozen=True)
class Copied:
    """A copy that is done."""

    tables: tuple[CopiedTable, ...]
    is_outrun: bool
    """Whether the source, being SQLite, was written to meanwhile: the copy has it as it was at the beginning."""


OnProgress = Callable[[str, int], None]
"""Is told the name of a table and how many rows more of it are done."""


def copy_database(
    source: Database, target: Database, on_progress: OnProgress = lambda _name, _rows: None
) -> Copied:
    """Copies every table into an empty database, or goes on with a copy of the same source.

    The source is read in one snapshot and not changed. Every table is read back from the target and compared by count
    and checksum before it counts as a catalog. Memory does not grow with the number of rows. Raises CopyRejectedError, and
    DatabaseUnusableError where a database cannot be reached or is not fit.
    """
    prepare_target(source, target)
    with source.snapshot() as reading:
        version = _data_version(reading)
        sums, kept = {}, {}
        for table in COPIED:
            kept[table.name], sums[table.name] = _copy_table(reading, target, table, on_progress)
        _compare(target, sums, on_progress)
        seeds = stored_digests(reading)
    _finish(target, seeds)
    with source.read() as connection:
        is_outrun = _data_version(connection) != version
    return Copied(tuple(CopiedTable(name, sums[name], kept[name]) for name in sums), is_outrun)


def require_target(source: Database, target: Database) -> None:
    """Raises CopyRejectedError or DatabaseUnusableError unless the target is empty, or holds a half-finished copy of the source."""
    if source.url == target.url:
        raise CopyRejectedError("that is the catalog itself; name another database")
    if target.file is not None and not target.file.parent.is_dir():
        raise CopyRejectedError(
            f"there is no folder {target.file.parent}; make it first, or correct the name"
        )
    found = inspect_schema(target)
    if found.fit is SchemaState.HALF_COPIED:
        with target.read() as connection:
            begun = checkpoint_source(connection)
        if begun != source.place:
            raise CopyRejectedError(
                f"a copy of {begun} was begun in it; finish that one, or name an empty database"
            )
        if found.revision != found.head:
            raise CopyRejectedError(
                "the copy was begun by another version of this program; name an empty database"
            )
    elif found.fit is not SchemaState.EMPTY:
        require_compatible(found)
        if found.fit is SchemaState.OLDER or is_filled(target):
            raise CopyRejectedError(f"{target.place} holds a catalog already; name an empty database")


def prepare_target(source: Database, target: Database) -> None:
    """Makes the tables, and takes the references off them while rows come in any order."""
    require_target(source, target)
    if inspect_schema(target).fit is SchemaState.HALF_COPIED:
        return
    upgrade(target)
    with target.write() as connection:
        begin_checkpoint(connection, source.place, COPIED)
        drop_references(connection)


def _copy_table(
    reading: Connection, target: Database, table: sa.Table, on_progress: OnProgress
) -> tuple[int, TableChecksum]:
    """Gives how many rows were there, and the sum of all."""
    mark = _still_true(reading, target, table)
    kept = mark.sum.rows
    on_progress(table.name, kept)
    key = [table.c.keys().index(column.key) for column in key_of(table)]
    for chunk in _chunks(portable_rows(reading, table, after=mark.last_key)):
        last_key = tuple(chunk[-1][at] for at in key)
        after = Checkpoint(mark.sum + TableChecksum.of(chunk), last_key)
        retry_until_connected(lambda: _write_chunk(target, table, chunk, mark, after))  # noqa: B023 - called at once
        mark = after
        on_progress(table.name, len(chunk))
    return kept, mark.sum


def _still_true(reading: Connection, target: Database, table: sa.Table) -> Checkpoint:
    """What an earlier copy brought, if the source still has it so; otherwise nothing: the target's table is emptied."""
    with target.read() as connection:
        mark = read_checkpoint(connection, table)
    if (
        mark.last_key is None
        or TableChecksum.of(portable_rows(reading, table, until=mark.last_key)) == mark.sum
    ):
        return mark
    with without_references(target) as connection:
        _advance(connection, table, mark, Checkpoint())
        connection.execute(sa.delete(table))
    return Checkpoint()


def _write_chunk(
    target: Database, table: sa.Table, chunk: list[PortableRow], before: Checkpoint, after: Checkpoint
) -> None:
    with without_references(target) as connection:
        if read_checkpoint(connection, table) == after:
            return  # the connection was lost after the commit
        _advance(connection, table, before, after)
        with _explained(table):
            write_portable_rows(connection, table, chunk)


def _advance(connection: Connection, table: sa.Table, before: Checkpoint, after: Checkpoint) -> None:
    if not advance_checkpoint(connection, table, before, after):
        raise CopyRejectedError("another copy into the same database is at work; let it finish")


@contextmanager
def _explained(table: sa.Table) -> Iterator[None]:
    """What a database refuses of a row, in one line that names the table."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, sqlite3.IntegrityError, OverflowError) as error:
        diagnosis = getattr(error, "diag", None)
        where = getattr(diagnosis, "context", None)
        reason = ", ".join(part.splitlines()[0] for part in (str(error), where) if part)
        raise CopyRejectedError(f"table {table.name} cannot be copied: {reason}") from error


def _chunks(rows: Iterable[PortableRow]) -> Iterator[list[PortableRow]]:
    chunk: list[PortableRow] = []
    weight = 0
    for row in rows:
        chunk.append(row)
        weight += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(chunk) >= CHUNK_ROWS or weight >= CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _compare(target: Database, sums: dict[str, TableChecksum], on_progress: OnProgress) -> None:
    """Reads the whole target back. A table that is not like its source is copied anew by the next run."""
    with target.snapshot() as connection:
        wrong = []
        for table in COPIED:
            if TableChecksum.of(portable_rows(connection, table)) != sums[table.name]:
                wrong.append(table)
            on_progress(table.name, sums[table.name].rows)
    if not wrong:
        return
    with without_references(target) as connection:
        for table in wrong:
            _advance(connection, table, read_checkpoint(connection, table), Checkpoint())
            connection.execute(sa.delete(table))
    names = ", ".join(table.name for table in wrong)
    raise CopyRejectedError(
        f"what arrived is not what was sent, in: {names}; run the same command again to copy them anew"
    )


def _finish(target: Database, seeds: dict[str, str]) -> None:
    """Puts references and sequences on; only with the last of it is the target a catalog."""
    with target.write() as connection:
        broken = add_references(connection)
        if broken:
            raise CopyRejectedError(
                f"the source has rows that refer to nothing: {broken}; catalog db check names them"
            )
        set_sequences(connection)
        for name, digest in seeds.items():
            if name != VIEWS:
                store_digest(connection, name, digest)
        copy_checkpoint.drop(connection)
    with target.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def _data_version(connection: Connection) -> int | None:
    """A number that changes when anybody else commits; PostgreSQL has none for one database."""
    if connection.dialect.name != "sqlite":
        return None
    version: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    return version
