"""INSERT with ON CONFLICT on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import artist
from catalog.db.upsert import insert_into


def test_conflicts_are_ignored_or_updated(database: Database) -> None:
    row = {"key": "alma", "name": "Alma", "folded": "alma"}
    with database.write() as connection:
        insert = insert_into(connection, artist).values(row)
        connection.execute(insert.on_conflict_do_nothing())
        connection.execute(insert.on_conflict_do_nothing())
        assert connection.execute(sa.select(artist.c.name)).scalars().all() == ["Alma"]
        update = insert_into(connection, artist).values(row | {"name": "ALMA"})
        connection.execute(update.on_conflict_do_update(index_elements=["key"], set_={"name": "ALMA"}))
        assert connection.execute(sa.select(artist.c.name)).scalars().all() == ["ALMA"]
