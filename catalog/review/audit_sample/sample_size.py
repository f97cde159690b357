"""Size of an audit sample."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import track, track_status
from catalog.db.track_query import HAS_FILE

DEFAULT_SIZE = 200
"""Tracks; they give a share of a tenth to within 4 points."""
MIN_JUDGMENTS = 20
"""Judgments below which there is no estimate."""
LARGEST_PART = 3
"""At most one track in this number is drawn, because no model is trained on sample tracks."""


def is_eligible() -> ColumnElement[bool]:
    """A track, joined with its `track_status`, can be drawn: it has a tag and a file."""
    return sa.and_(HAS_FILE, track_status.c.tagged_genre_id.is_not(None))


def default_size(connection: Connection) -> int:
    """The default size for this catalog; 0 if it has too few eligible tracks."""
    query = (
        sa.select(sa.func.count())
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id)
    )
    return size_for(int(connection.execute(query.where(is_eligible())).scalar_one()))


def size_for(tracks: int) -> int:
    """The sample size for a number of tracks: 200; a third, in tens and at least 20, of fewer than 600; 0 of fewer than
    20.
    """
    if tracks < MIN_JUDGMENTS:
        return 0
    return min(DEFAULT_SIZE, max(MIN_JUDGMENTS, tracks // LARGEST_PART // 10 * 10))
