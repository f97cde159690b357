"""The time that all hosts share: the server's on PostgreSQL, this host's on SQLite."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.columns import now


def server_time(connection: Connection) -> datetime:
    """The current time; on PostgreSQL the start of the transaction."""
    if connection.dialect.name == "sqlite":
        return now()
    time: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    return time


def moment(connection: Connection) -> datetime | ColumnElement[Any]:
    """The same as a value for an INSERT or UPDATE, without a query."""
    return now() if connection.dialect.name == "sqlite" else sa.func.now()
