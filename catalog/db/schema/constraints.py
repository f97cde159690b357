"""Foreign keys switched off during bulk changes, and sequences set after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.schema import AddConstraint, DropConstraint

from catalog.db.database import Database
from catalog.db.tables import metadata


@contextmanager
def without_foreign_keys(database: Database) -> Iterator[Connection]:
    """A writing transaction in which SQLite does not enforce foreign keys; on PostgreSQL they must be dropped."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            # The connection returns to the pool, also after an error.
            if database.is_sqlite:
                connection.connection.execute("PRAGMA foreign_keys = ON")


def drop_foreign_keys(connection: Connection) -> None:
    """Drops every foreign key on PostgreSQL: `genre.parent_id` may refer to a row that is inserted later."""
    if connection.dialect.name == "postgresql":
        for constraint in _foreign_keys():
            connection.execute(DropConstraint(constraint))


def add_foreign_keys(connection: Connection) -> str | None:
    """Restores every foreign key. Returns the first one that is violated, as text; None if all hold."""
    if connection.dialect.name == "sqlite":
        row = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        return None if row is None else f"{row[0]} to {row[2]}"
    for constraint in _foreign_keys():
        try:
            with connection.begin_nested():
                # By default SQLAlchemy would detach the constraint from its table in the metadata.
                connection.execute(AddConstraint(constraint, isolate_from_table=False))
        except sa.exc.IntegrityError:
            return f"{constraint.table.name} to {constraint.referred_table.name}"
    return None


def set_sequences(connection: Connection) -> None:
    """Sets each PostgreSQL sequence to the largest id of its table. SQLite has no sequences."""
    if connection.dialect.name == "sqlite":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c:
            largest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            last = sa.func.setval(sequence, sa.func.coalesce(largest, 1), largest.is_not(None))
            connection.execute(sa.select(last))


def _foreign_keys() -> list[sa.ForeignKeyConstraint]:
    return [
        constraint
        for table in metadata.sorted_tables
        for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
    ]
