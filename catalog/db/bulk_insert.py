"""Many rows at once by the quickest way of each database: prepared statements on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection


def take_ids(connection: Connection, table: sa.Table, number: int) -> list[int]:
    """Keys for rows that are yet to be written in this transaction, ascending; nobody else gets them.

    On SQLite a writing transaction is alone, so that the next free keys are its own.
    """
    if connection.dialect.name == "postgresql":
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id"))
        drawn = sa.select(sequence).select_from(sa.func.generate_series(1, number).alias("drawn"))
        return sorted(connection.execute(drawn).scalars())
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()
    return list(range(last + 1, last + number + 1))


def write_rows(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Writes new rows, each with its values in the order of the columns, in the caller's transaction.

    Defaults that Python would give are not applied: a column that is not named is NULL. The rows are gone through
    once, and on PostgreSQL none is kept.
    """
    converters = [_converter(table.c[name], connection.dialect) for name in columns]
    lasting = [(at, convert) for at, convert in enumerate(converters) if convert is not None]
    converted = _converted(rows, lasting) if lasting else rows
    cursor: Any = connection.connection.cursor()  # COPY is psycopg's own
    try:
        if connection.dialect.name == "postgresql":
            command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
            with cursor.copy(command) as copy:
                copy.set_types([_type_name(table.c[name], connection.dialect) for name in columns])
                for row in converted:
                    copy.write_row(row)
        else:
            places = ", ".join("?" * len(columns))
            cursor.executemany(
                f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of ours
                converted,
            )
    finally:
        cursor.close()


def _converter(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    processor: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return None if processor is None else _once(processor)


def _type_name(column: sa.Column[Any], dialect: sa.Dialect) -> str:
    """The name that psycopg knows a type of PostgreSQL by."""
    name = column.type.compile(dialect=dialect).lower()
    return "float8" if name == "float" else name


def _once(processor: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Converts a value that follows itself only once: many rows are of one moment."""
    last: Any = None
    converted: Any = processor(None)

    def convert(value: Any) -> Any:
        nonlocal last, converted
        if value is not last:
            last, converted = value, processor(value)
        return converted

    return convert


def _converted(
    rows: Iterable[Sequence[Any]], converters: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterable[list[Any]]:
    for row in rows:
        values = list(row)
        for at, convert in converters:
            values[at] = convert(values[at])
        yield values
