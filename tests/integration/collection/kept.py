"""What a scan left in the database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import track, track_status


def rows(database: Database, *columns: Any, order: Any = None) -> list[tuple[Any, ...]]:
    """Rows of columns, ordered by the first of them or by `order`."""
    with database.read() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                sa.select(*columns).order_by(order if order is not None else columns[0])
            )
        ]


def tracks(database: Database) -> dict[str, int]:
    """Paths of present tracks with their ids."""
    query = sa.select(track.c.path, track.c.id).where(track.c.state == "present")
    with database.read() as connection:
        return dict(connection.execute(query).all())


def tagged(database: Database) -> dict[str, str | None]:
    """Tagged genres of tracks by path; checks that `track_status` is up to date."""
    query = sa.select(track.c.path, track_status.c.tagged_genres).join(track_status)
    with database.read() as connection:
        assert track_status_differences(connection) == 0
        return dict(connection.execute(query).all())
