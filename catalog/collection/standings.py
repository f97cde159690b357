"""Bringing `standing` up to date where several write at once."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.standing import refresh_standing
from catalog.db.tables import artist, track

CHUNK = 5_000


def settle_standing(connection: Connection, track_ids: Iterable[int]) -> None:
    """`refresh_standing` for some tracks, after others who write of the same artists have committed.

    Each of two writers would else miss what the other said of the artist's tracks, or write the same row. On SQLite
    there is one writer at a time anyway. Rows are locked in the order of their keys, so that nobody waits in a circle.
    """
    ids = sorted(set(track_ids))
    if connection.dialect.name == "postgresql":
        artists: set[int] = set()
        for start in range(0, len(ids), CHUNK):
            query = sa.select(track.c.artist_id).where(track.c.id.in_(ids[start : start + CHUNK])).distinct()
            artists |= set(connection.execute(query.where(track.c.artist_id.is_not(None))).scalars())
        _lock(connection, artist, sorted(artists))
        _lock(connection, track, ids)
    refresh_standing(connection, ids)


def _lock(connection: Connection, table: sa.Table, ids: list[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        query = sa.select(table.c.id).where(table.c.id.in_(ids[start : start + CHUNK])).order_by(table.c.id)
        connection.execute(query.with_for_update(key_share=True))
