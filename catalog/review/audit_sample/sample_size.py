"""How many tracks a check sample should have."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import track, track_status
from catalog.db.track_query import HAS_FILE

USUAL = 200
"""Tracks: a share of a tenth is known to 4 % then."""
FEWEST = 20
"""Judgments below which no share is given."""
MOST_OF_ALL = 3
"""One track in so many: no model learns from those of a sample, and it has to learn from something."""


def can_be_drawn() -> ColumnElement[bool]:
    """Whether a track, joined with its `track_status`, can be in a sample: it is tagged, and its file is there."""
    return sa.and_(HAS_FILE, track_status.c.tagged_genre_id.is_not(None))


def suitable_size(connection: Connection) -> int:
    """The size of a sample of this catalog where nobody says one; 0 where it has too few tracks that can be drawn."""
    query = (
        sa.select(sa.func.count())
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id)
    )
    return suitable_part(int(connection.execute(query.where(can_be_drawn())).scalar_one()))


def suitable_part(tracks: int) -> int:
    """So many of so many tracks: 200, of fewer than 600 a third in tens, but never below 20; 0 of fewer than those."""
    if tracks < FEWEST:
        return 0
    return min(USUAL, max(FEWEST, tracks // MOST_OF_ALL // 10 * 10))
