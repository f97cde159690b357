"""Search for tracks by artist, album or title, flagged or not."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import album, artist, suspect, track, track_status
from catalog.db.track_query import IS_LISTED, with_artist_and_album
from catalog.review.suspect_filters import is_reviewable, unjudged_sample

MOST = 20


@dataclass(frozen=True, slots=True)
class TrackMatch:
    """A track that matches a search."""

    track_id: int
    title: str | None
    artist: str | None
    path: str | None
    tagged_genre: str | None


def search_tracks(connection: Connection, text: str, *, most: int = MOST) -> tuple[TrackMatch, ...]:
    """Tracks in no case whose artist, album or title contains the text, by artist and title.

    Without tracks that wait for a blind judgment.
    """
    matches = (
        each.icontains(text, autoescape=True) for each in (artist.c.name, album.c.title, track.c.title)
    )
    flagged = sa.select(suspect.c.track_id).where(is_reviewable())
    rows = connection.execute(
        sa.select(track.c.id, track.c.title, artist.c.name, track.c.path, track_status.c.tagged_genre)
        .select_from(with_artist_and_album())
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(
            sa.or_(*matches),
            IS_LISTED,
            track.c.id.not_in(unjudged_sample()),
            track.c.id.not_in(flagged),
        )
        .order_by(artist.c.name, track.c.title, track.c.id)
        .limit(most)
    )
    return tuple(TrackMatch(*row) for row in rows)


def is_hidden(connection: Connection, track_id: int) -> bool:
    """Whether a track waits for a blind judgment."""
    waiting = unjudged_sample().subquery()
    query = sa.select(sa.exists().where(waiting.c.track_id == track_id))
    return bool(connection.execute(query).scalar_one())
