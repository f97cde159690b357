"""Bulk inserts by the fastest way of each database: prepared statements on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

Processor = Callable[[Any], Any] | None
"""Converts a value of a column to the driver's; None if the values need no conversion."""


def take_ids(connection: Connection, table: sa.Table, number: int) -> list[int]:
    """Reserves ids for rows that this transaction will insert, ascending.

    On SQLite only one transaction writes at a time, so the next free ids are reserved without an action.
    """
    if connection.dialect.name == "postgresql":
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id"))
        drawn = sa.select(sequence).select_from(sa.func.generate_series(1, number).alias("drawn"))
        return sorted(connection.execute(drawn).scalars())
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()
    return list(range(last + 1, last + number + 1))


def bind_processor(column: sa.Column[Any], dialect: Dialect) -> Processor:
    """The conversion that SQLAlchemy applies to the values of a column.

    A value that is the same object as the one before is converted only once: many rows share a time.
    """
    processor: Processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if processor is None:
        return None
    last: Any = None
    converted: Any = processor(None)

    def convert(value: Any) -> Any:
        nonlocal last, converted
        if value is not last:
            last, converted = value, processor(value)
        return converted

    return convert


def write_rows(
    connection: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    processor_of: Callable[[sa.Column[Any], Dialect], Processor] = bind_processor,
) -> None:
    """Inserts rows whose values are in the order of the columns, in the caller's transaction.

    Python-side defaults are not applied: a column that is not listed is NULL. Rows are read once and not kept.
    """
    dialect = connection.dialect
    processors = [
        (position, processor)
        for position, name in enumerate(columns)
        if (processor := processor_of(table.c[name], dialect)) is not None
    ]
    converted = _converted(rows, processors) if processors else rows
    names = ", ".join(map(dialect.identifier_preparer.quote, columns))
    cursor: Any = connection.connection.cursor()  # typed as Any: COPY exists only in psycopg
    try:
        if dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                sends_json_as_text = processor_of is not bind_processor
                types = [_wire_type(table.c[name], dialect, sends_json_as_text) for name in columns]
                copy.set_types(types)
                for row in converted:
                    copy.write_row(row)
        else:
            parameters = ", ".join("?" * len(columns))
            cursor.executemany(
                f"INSERT INTO {table.name} ({names}) VALUES ({parameters})",  # noqa: S608 - our own names
                converted,
            )
    finally:
        cursor.close()


def _converted(
    rows: Iterable[Sequence[Any]], processors: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterable[list[Any]]:
    for row in rows:
        values = list(row)
        for position, processor in processors:
            values[position] = processor(values[position])
        yield values


def _wire_type(column: sa.Column[Any], dialect: Dialect, sends_json_as_text: bool) -> str:
    """The name that psycopg uses for a column type. Text and JSON have the same binary format.

    SQLAlchemy's own processor wraps JSON for psycopg, which then has to be sent as JSON.
    """
    if sends_json_as_text and isinstance(column.type, sa.JSON):
        return "text"
    name = column.type.compile(dialect=dialect).lower()
    return {"float": "float8", "timestamp with time zone": "timestamptz"}.get(name, name)
