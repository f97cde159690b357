"""INSERT of one row, and with ON CONFLICT, which SQLAlchemy builds by dialect."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: sa.Table) -> Insert:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_row(connection: Connection, table: sa.Table, **values: Any) -> int:
    """Inserts a row and returns its `id`."""
    return int(connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one())
