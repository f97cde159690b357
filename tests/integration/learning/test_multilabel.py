"""Labels of tracks with several genres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import (
    collection,
    genre,
    label,
    statement,
)
from catalog.learning.dataset.catalog_tracks import load_broader, load_tag_sets
from catalog.learning.dataset.hierarchy import Hierarchy
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]


def genre_id(connection: sa.Connection, name: str) -> int:
    return connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()


def test_all_genres_of_a_track_and_whether_they_are_all(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    several = filled.tracks["Jazz"][0]
    with database.write() as connection:
        names = ("Jazz", "Metal", "Ambient")
        jazz, metal, ambient = (genre_id(connection, name) for name in names)
        death = genre_id(connection, "Death Metal")
        said = connection.execute(
            sa.insert(statement).values(track_id=several, source="person").returning(statement.c.id)
        ).scalar_one()
        for rank, genre in enumerate((jazz, death)):
            connection.execute(
                sa.insert(label).values(statement_id=said, rank=rank, genre_id=genre, as_written="x")
            )
        refresh_track_status(connection, [several])
    with database.read() as connection:
        broader, _ = load_broader(connection)
        hierarchy = Hierarchy.of((jazz, metal, ambient), broader)
        ids = np.array(filled.tracks["Jazz"][:2])
        labels, complete = load_tag_sets(connection, ids, hierarchy, broader)
    assert labels.tolist() == [[True, True, False], [True, False, False]]
    assert not complete.any()
    with database.write() as connection:
        connection.execute(sa.update(collection).values(tags_complete=True))
        assert load_tag_sets(connection, ids, hierarchy, broader)[1].all()
