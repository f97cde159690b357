"""How many tracks a check sample should have."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import track, track_status
from catalog.db.track_query import HAS_FILE

DEFAULT_SIZE = 200
"""Tracks: a share of a tenth is known to 4 % then."""
MIN_JUDGMENTS = 20
"""Judgments below which no share is given."""
LARGEST_PART = 3
"""One track in so many: no model learns from those of a sample, and it has to learn from something."""


def is_eligible() -> ColumnElement[bool]:
    """Whether a track, joined with its `track_status`, can be in a sample: it is tagged, and its file is there."""
    return sa.and_(HAS_FILE, track_status.c.tagged_genre_id.is_not(None))


def default_size(connection: Connection) -> int:
    """The size of a sample of this catalog where nobody says one; 0 where it has too few tracks that can be drawn."""
    query = (
        sa.select(sa.func.count())
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id)
    )
    return size_for(int(connection.execute(query.where(is_eligible())).scalar_one()))


def size_for(tracks: int) -> int:
    """So many of so many tracks: 200, of fewer than 600 a third in tens, but never below 20; 0 of fewer than those."""
    if tracks < MIN_JUDGMENTS:
        return 0
    return min(DEFAULT_SIZE, max(MIN_JUDGMENTS, tracks // LARGEST_PART // 10 * 10))
