"""Tracks with tags, for what the vocabulary does to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import collection, label, statement, track
from tests.integration.statement_helpers import read_genres


@pytest.fixture
def tag() -> Callable[..., int]:
    """Makes a track whose file says some genres; gives its id."""

    def make(connection: Connection, *texts: str) -> int:
        home = connection.scalar(sa.select(collection.c.id))
        if home is None:
            home = connection.scalar(
                sa.insert(collection).values(name="Music", kind="data_set").returning(collection.c.id)
            )
        track_id = connection.scalar(
            sa.insert(track).values(collection_id=home, state="metadata").returning(track.c.id)
        )
        said = connection.scalar(
            sa.insert(statement).values(track_id=track_id, source="file").returning(statement.c.id)
        )
        for rank, (genre_id, written) in enumerate(read_genres(connection, texts)):
            connection.execute(
                sa.insert(label).values(statement_id=said, rank=rank, genre_id=genre_id, as_written=written)
            )
        refresh_track_status(connection, [track_id])
        return track_id

    return make
