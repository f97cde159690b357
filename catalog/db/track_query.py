"""Query parts that many modules share: which tracks count, their artist and album, the latest audit."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.db.tables import album, artist, audit, track

IS_LISTED = track.c.state != "missing"
"""The track is in the catalog: its file is there, or it was imported without one."""

HAS_FILE = track.c.state == "present"
"""The file of the track was there at the last scan."""


def with_artist_and_album() -> sa.FromClause:
    """`track` with its artist and album, if it has any."""
    return track.outerjoin(artist, artist.c.id == track.c.artist_id).outerjoin(
        album,
        album.c.id == track.c.album_id,
    )


def latest_audit(kind: str) -> sa.ScalarSelect[int]:
    """The id of the newest finished audit of a kind: `labels`, `clusters` or `duplicates`; NULL if there is none."""
    return (
        sa.select(sa.func.max(audit.c.id))
        .where(audit.c.kind == kind, audit.c.finished_at.is_not(None))
        .scalar_subquery()
    )


def select_ids(connection: Connection, query: sa.Select[int]) -> Integers:
    """(n,): the ids that a query with one column returns, in its order."""
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)
