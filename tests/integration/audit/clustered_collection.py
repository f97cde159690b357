"""A labeled collection for the tests of cluster audits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import genre
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from tests.integration.labeled_collection import BLOBS, DIMENSIONS, Filled, tag

Fill = Callable[..., Filled]


def relabel(database: Database, track_ids: list[int], name: str) -> None:
    with database.write() as connection:
        genre_id = connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()
        for track_id in track_ids:
            tag(connection, track_id, genre_id, name)
        refresh_track_status(connection, track_ids)


def spoil(database: Database, track_ids: list[int]) -> None:
    """Gives these tracks vectors with a number that is none."""
    with database.write() as connection:
        recipe = register_feature_set(connection, BLOBS)
        for track_id in track_ids:
            vector = np.zeros(DIMENSIONS, np.float32)
            vector[3] = np.nan
            store_vector(connection, recipe, track_id, vector)


def number(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
