"""Rows as plain values that mean the same on both databases: read in the order of their key, summed, and written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from catalog.db.columns import UTCDateTime

PortableRow = tuple[Any, ...]
"""Values in the order of the table's columns: None, int, float, str (JSON too, letter by letter), bytes, and times in UTC
as aware datetimes."""

FETCHED = 200
"""Rows that are held at once: one may hold megabytes."""
MODULUS = 1 << 128


@dataclass(frozen=True)
class TableChecksum:
    """How many rows there are, and a sum that every value goes into; in which order they came leaves no trace.

    The sum is that of the rows' BLAKE2b-128, modulo 2^128. It finds what was lost or changed on the way, not what somebody
    made to deceive.
    """

    rows: int = 0
    total: int = 0

    @property
    def checksum(self) -> str:
        """The sum in 32 hexadecimal digits."""
        return f"{self.total:032x}"

    def __add__(self, other: TableChecksum) -> TableChecksum:
        """The sum of the rows of both."""
        return TableChecksum(self.rows + other.rows, (self.total + other.total) % MODULUS)

    @classmethod
    def of(cls, rows: Iterable[PortableRow]) -> TableChecksum:
        """The sum of all the rows."""
        count = total = 0
        for row in rows:
            count += 1
            total += _number_of(row)
        return cls(count, total % MODULUS)


def key_of(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of the primary key, which every table of ours has."""
    return list(table.primary_key.columns)


def portable_rows(
    connection: Connection,
    table: sa.Table,
    *,
    after: Sequence[Any] | None = None,
    until: Sequence[Any] | None = None,
) -> Iterator[PortableRow]:
    """The table's rows in the order of its key, as this database orders it; memory does not grow with their number.

    `after` leaves out what is not behind that key, `until` what is behind that one.
    """
    key = sa.tuple_(*key_of(table))
    query = sa.select(*(_as_kept(column, connection.dialect) for column in table.c)).order_by(*key_of(table))
    if after is not None:
        query = query.where(key > _key_value(table, after))
    if until is not None:
        query = query.where(key <= _key_value(table, until))
    readers = [
        (at, read)
        for at, column in enumerate(table.c)
        if (read := _reader(column, connection.dialect)) is not None
    ]
    with connection.execute(query, execution_options={"yield_per": FETCHED}) as result:
        for found in result:
            values = list(found)
            for at, read in readers:
                if values[at] is not None:
                    values[at] = read(values[at])
            yield tuple(values)


def write_portable_rows(connection: Connection, table: sa.Table, rows: Iterable[PortableRow]) -> None:
    """Writes rows as `portable_rows` gives them: prepared statements on SQLite, COPY on PostgreSQL."""
    names = ", ".join(connection.dialect.identifier_preparer.quote(column.name) for column in table.c)
    cursor: Any = connection.connection.cursor()  # COPY is psycopg's own
    try:
        if connection.dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types([_wire_type(column, connection.dialect) for column in table.c])
                flags = [at for at, column in enumerate(table.c) if isinstance(column.type, sa.Boolean)]
                for row in rows:
                    copy.write_row(_with(row, flags, bool) if flags else row)
        else:
            times = [at for at, column in enumerate(table.c) if isinstance(column.type, UTCDateTime)]
            places = ", ".join("?" * len(table.c))
            cursor.executemany(
                f"INSERT INTO {table.name} ({names}) VALUES ({places})",  # noqa: S608 - names of ours
                (_with(row, times, _sqlite_time) if times else row for row in rows),
            )
    finally:
        cursor.close()


def _key_value(table: sa.Table, values: Sequence[Any]) -> sa.Tuple:
    return sa.tuple_(
        *(sa.literal(value, column.type) for column, value in zip(key_of(table), values, strict=True))
    )


def _number_of(row: PortableRow) -> int:
    """Text of a row in ASCII, the same under every version of Python; what is long goes in by its own hash."""
    short = tuple([_digest(value) if isinstance(value, bytes) else value for value in row])
    return int.from_bytes(_digest(ascii(short).encode("ascii")))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _as_kept(column: sa.Column[Any], dialect: Dialect) -> sa.ColumnElement[Any]:
    """The column without what its type does in Python. JSON is text in both: PostgreSQL's `json` keeps every letter."""
    if isinstance(column.type, sa.JSON) and dialect.name == "postgresql":
        return sa.cast(column, sa.Text)
    return sa.type_coerce(column, sa.types.NullType()).label(column.name)


def _reader(column: sa.Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes a value of the driver a plain one."""
    if isinstance(column.type, UTCDateTime):
        return _utc_of_text if dialect.name == "sqlite" else _utc
    if isinstance(column.type, sa.Boolean):
        return int
    if isinstance(column.type, sa.Float):
        # SQLite knows one zero.
        return _float
    return None


def _float(value: float) -> float:
    return float(value) + 0.0


def _utc_of_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _sqlite_time(time: datetime) -> str:
    """As SQLAlchemy writes it."""
    return time.replace(tzinfo=None).isoformat(" ", "microseconds")


def _with(row: PortableRow, places: Sequence[int], convert: Callable[[Any], Any]) -> list[Any]:
    values = list(row)
    for at in places:
        if values[at] is not None:
            values[at] = convert(values[at])
    return values


def _wire_type(column: sa.Column[Any], dialect: Dialect) -> str:
    """The name that psycopg knows a type by. JSON goes as the text that it is: on the wire they are the same."""
    if isinstance(column.type, sa.JSON):
        return "text"
    name = column.type.compile(dialect=dialect).lower()
    return {"float": "float8", "timestamp with time zone": "timestamptz"}.get(name, name)
