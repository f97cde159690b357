"""The totals of a collection: artists, albums and spellings of genre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.genre_spellings import Spelling, genre_spellings
from catalog.db.tables import artist, track


@dataclass(frozen=True)
class CollectionCounts:
    """What the tracks of a collection that are not missing have among them."""

    artists: int
    """Nobodies excepted."""
    albums: int
    spellings: Sequence[Spelling]


def count_collection(connection: Connection, collection_id: int) -> CollectionCounts:
    """The totals as they are now."""
    within = (track.c.collection_id == collection_id) & (track.c.state != "missing")
    somebody = (
        sa.select(sa.func.count(track.c.artist_id.distinct()))
        .join_from(track, artist)
        .where(within, artist.c.is_placeholder.is_(False))
    )
    albums = sa.select(sa.func.count(track.c.album_id.distinct())).where(within)
    return CollectionCounts(
        artists=connection.execute(somebody).scalar_one(),
        albums=connection.execute(albums).scalar_one(),
        spellings=genre_spellings(connection, collection_id),
    )
