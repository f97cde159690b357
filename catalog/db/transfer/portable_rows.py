"""Rows as plain values that are equal on both databases: reading, checksums and writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from catalog.db.bulk_insert import Processor, write_rows
from catalog.db.columns import UTCDateTime

PortableRow = tuple[Any, ...]
"""Values in the order of the table's columns: None, int, float, str (JSON too, verbatim), bytes, and aware datetimes in
UTC."""

FETCH_SIZE = 200
"""Rows in memory; one row may have megabytes."""
MODULUS = 1 << 128


@dataclass
class TableChecksum:
    """The number of rows and a checksum of all values, independent of the order of the rows.

    The checksum is the sum of the rows' BLAKE2b-128 digests, modulo 2^128. It detects lost and changed values, not
    deliberate manipulation.
    """

    rows: int = 0
    total: int = 0

    @property
    def checksum(self) -> str:
        """The sum as 32 hexadecimal digits."""
        return f"{self.total:032x}"

    def tee(self, rows: Iterable[PortableRow]) -> Iterator[PortableRow]:
        """Yields the rows and adds each to the checksum."""
        for row in rows:
            self.rows += 1
            self.total = (self.total + _digest_number(row)) % MODULUS
            yield row

    @classmethod
    def of(cls, rows: Iterable[PortableRow]) -> TableChecksum:
        """The checksum of all rows."""
        checksum = cls()
        for _ in checksum.tee(rows):
            pass
        return checksum


def portable_rows(connection: Connection, table: sa.Table) -> Iterator[PortableRow]:
    """The table's rows, ordered by primary key; memory does not grow with their number."""
    dialect = connection.dialect
    query = sa.select(*(_stored(column, dialect) for column in table.c)).order_by(*table.primary_key.columns)
    readers = [
        (position, read)
        for position, column in enumerate(table.c)
        if (read := _reader(column, dialect)) is not None
    ]
    with connection.execute(query, execution_options={"yield_per": FETCH_SIZE}) as result:
        for row in result:
            values = list(row)
            for position, read in readers:
                if values[position] is not None:
                    values[position] = read(values[position])
            yield tuple(values)


def write_portable_rows(connection: Connection, table: sa.Table, rows: Iterable[PortableRow]) -> None:
    """Inserts rows as `portable_rows` yields them."""
    write_rows(connection, table, table.c.keys(), rows, _processor)


def _digest_number(row: PortableRow) -> int:
    """The digest of the row's ASCII representation, equal in every version of Python; blobs enter by their digest."""
    short = tuple([_digest(value) if isinstance(value, bytes) else value for value in row])
    return int.from_bytes(_digest(ascii(short).encode("ascii")))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _stored(column: sa.Column[Any], dialect: Dialect) -> sa.ColumnElement[Any]:
    """The column without the Python conversion of its type. JSON is read as text: PostgreSQL's `json` is verbatim."""
    if isinstance(column.type, sa.JSON) and dialect.name == "postgresql":
        return sa.cast(column, sa.Text)
    return sa.type_coerce(column, sa.types.NullType()).label(column.name)


def _reader(column: sa.Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """The conversion from the driver's value to the portable one."""
    if isinstance(column.type, UTCDateTime):
        return _utc_from_text if dialect.name == "sqlite" else _utc
    if isinstance(column.type, sa.Boolean):
        return int
    if isinstance(column.type, sa.Float):
        return _float
    return None


def _float(value: float) -> float:
    """A float without negative zero, which SQLite does not store."""
    return float(value) + 0.0


def _utc_from_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _processor(column: sa.Column[Any], dialect: Dialect) -> Processor:
    """The conversion from the portable value to the driver's."""
    if isinstance(column.type, UTCDateTime) and dialect.name == "sqlite":
        return _sqlite_time
    if isinstance(column.type, sa.Boolean) and dialect.name == "postgresql":
        return _boolean
    return None


def _sqlite_time(time: datetime | None) -> str | None:
    """The text that SQLAlchemy stores."""
    return None if time is None else time.replace(tzinfo=None).isoformat(" ", "microseconds")


def _boolean(value: int | None) -> bool | None:
    return None if value is None else bool(value)
