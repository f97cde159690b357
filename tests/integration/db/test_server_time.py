"""The shared clock."""

from __future__ import annotations

from datetime import UTC, timedelta

import sqlalchemy as sa

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.server_time import moment, server_time
from catalog.db.tables import collection


def test_the_time_is_current_and_can_be_stored(database: Database) -> None:
    with database.write() as connection:
        time = server_time(connection)
        assert time.utcoffset() == timedelta(0)
        assert abs(time.astimezone(UTC) - now()) < timedelta(minutes=1)
        connection.execute(sa.insert(collection).values(name="a", kind="folder", added_at=moment(connection)))
        stored = connection.execute(sa.select(collection.c.added_at)).scalar_one()
    assert abs(stored - time) < timedelta(minutes=1)
