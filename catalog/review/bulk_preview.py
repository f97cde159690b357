"""Preview of a bulk decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.db.tables import artist, genre, suspect, track
from catalog.review.decision import OpenSuspect

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Example:
    """A suspect with its names."""

    track_id: int
    artist: str | None
    title: str | None
    path: str | None
    tagged_genre: str
    suggested_genre: str
    suspicion: float


@dataclass(frozen=True, slots=True)
class DecisionPreview:
    """The tracks of a bulk decision."""

    tracks: int
    examples: tuple[Example, ...]
    """At most ten, evenly spaced from the most to the least suspicious: look at the last ones."""
    expected_right: float | None
    """Mean share of similar suggestions that people accepted; None before 100 decisions."""


def preview_decisions(connection: Connection, suspects: Sequence[OpenSuspect]) -> DecisionPreview:
    """The number of tracks, ten examples, and the estimated share of right suggestions."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    shown = [suspects[at * len(suspects) // EXAMPLES] for at in range(EXAMPLES)] if suspects else []
    shown[-1:] = suspects[-1:]
    rows = connection.execute(
        sa.select(
            suspect.c.track_id,
            artist.c.name,
            track.c.title,
            track.c.path,
            tagged.c.name,
            suggested.c.name,
            suspect.c.suspicion,
        )
        .join_from(suspect, track, track.c.id == suspect.c.track_id)
        .join(tagged, tagged.c.id == suspect.c.genre_id)
        .join(suggested, suggested.c.id == suspect.c.suggested_genre_id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .where(suspect.c.id.in_([each.suspect_id for each in shown]))
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    )
    expected: dict[int, float | None] = {}
    for ids in chunks([each.suspect_id for each in suspects]):
        query = sa.select(suspect.c.id, suspect.c.expected_right).where(suspect.c.id.in_(ids))
        expected |= dict(connection.execute(query).all())
    shares = [share for share in expected.values() if share is not None]
    return DecisionPreview(
        tracks=len({each.track_id for each in suspects}),
        examples=tuple(Example(*row) for row in rows),
        expected_right=sum(shares) / len(shares) if shares else None,
    )
