"""References taken off while rows come in any order, and put back; sequences set behind the last key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.schema import AddConstraint, DropConstraint

from catalog.db.database import Database
from catalog.db.tables import metadata


@contextmanager
def without_references(database: Database) -> Iterator[Connection]:
    """A writing transaction in which rows may refer to what is not there yet; on PostgreSQL once they are dropped."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            # The connection goes back to the pool.
            if database.is_sqlite:
                connection.connection.execute("PRAGMA foreign_keys = ON")


def drop_references(connection: Connection) -> None:
    """Takes every reference off, on PostgreSQL: `genre.parent_id` may name a genre that comes later.

    SQLite has them stand, and heeds them in no transaction of `without_references`.
    """
    if connection.dialect.name == "postgresql":
        for constraint in _references():
            connection.execute(DropConstraint(constraint))


def add_references(connection: Connection) -> str | None:
    """Puts every reference back. Gives one that refers to nothing, in words; None where all are whole."""
    if connection.dialect.name == "sqlite":
        row = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        return None if row is None else f"{row[0]} to {row[2]}"
    for constraint in _references():
        try:
            with connection.begin_nested():
                # Isolated from its table, as SQLAlchemy does by itself, it would be missing in every table made later on.
                connection.execute(AddConstraint(constraint, isolate_from_table=False))
        except sa.exc.IntegrityError:
            return f"{constraint.table.name} to {constraint.referred_table.name}"
    return None


def set_sequences(connection: Connection) -> None:
    """Has new keys begin behind the largest. SQLite, whose keys come from its rows, needs nothing."""
    if connection.dialect.name == "sqlite":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c:
            largest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            last = sa.func.setval(sequence, sa.func.coalesce(largest, 1), largest.is_not(None))
            connection.execute(sa.select(last))


def _references() -> list[sa.ForeignKeyConstraint]:
    return [
        constraint
        for table in metadata.sorted_tables
        for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
    ]
