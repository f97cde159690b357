"""The time that all hosts agree on: the database's where that is a server, this host's where it is a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.columns import now


def server_time(connection: Connection) -> datetime:
    """The present time; on a server that of the transaction's beginning."""
    if connection.dialect.name == "sqlite":
        return now()
    time: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    return time


def moment(connection: Connection) -> datetime | ColumnElement[Any]:
    """The same as a value to be stored, without asking for it first."""
    return now() if connection.dialect.name == "sqlite" else sa.func.now()
