"""Decisions in bulk: what a filter would decide, shown before it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import artist, genre, suspect, track
from catalog.review.decision import OpenSuspect

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Example:
    """A doubt in words."""

    track_id: int
    artist: str | None
    title: str | None
    path: str | None
    tagged_genre: str
    suggested_genre: str
    suspicion: float


@dataclass(frozen=True, slots=True)
class DecisionPreview:
    """What a decision in bulk is about."""

    tracks: int
    examples: tuple[Example, ...]
    """Ten at most, spread evenly from the most to the least suspicious: the least are the ones to look at."""
    expected_right: float | None
    """Mean share of such suggestions that people have accepted; None before 100 decisions."""


def preview_decisions(connection: Connection, doubts: Sequence[OpenSuspect]) -> DecisionPreview:
    """The number of tracks, ten examples, and how many of the suggestions are probably right."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    shown = [doubts[at * len(doubts) // EXAMPLES] for at in range(EXAMPLES)] if doubts else []
    shown[-1:] = doubts[-1:]
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
    ids = [each.suspect_id for each in doubts]
    for start in range(0, len(ids), 5_000):
        query = sa.select(suspect.c.id, suspect.c.expected_right)
        expected |= dict(connection.execute(query.where(suspect.c.id.in_(ids[start : start + 5_000]))).all())
    known = [share for share in expected.values() if share is not None]
    return DecisionPreview(
        tracks=len({each.track_id for each in doubts}),
        examples=tuple(Example(*row) for row in rows),
        expected_right=sum(known) / len(known) if known else None,
    )
