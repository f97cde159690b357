"""Counts the artists, albums and genre spellings of a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.genre_spellings import Spelling, genre_spellings
from catalog.db.tables import artist, track
from catalog.db.track_query import IS_LISTED


@dataclass(frozen=True)
class CollectionCounts:
    """Counts over the tracks that are not missing."""

    artists: int
    """Without placeholders."""
    albums: int
    spellings: Sequence[Spelling]


def count_collection(connection: Connection, collection_id: int) -> CollectionCounts:
    """The counts of a collection."""
    within = (track.c.collection_id == collection_id) & IS_LISTED
    artists = (
        sa.select(sa.func.count(track.c.artist_id.distinct()))
        .join_from(track, artist)
        .where(within, artist.c.is_placeholder.is_(False))
    )
    albums = sa.select(sa.func.count(track.c.album_id.distinct())).where(within)
    return CollectionCounts(
        artists=connection.execute(artists).scalar_one(),
        albums=connection.execute(albums).scalar_one(),
        spellings=genre_spellings(connection, collection_id),
    )
