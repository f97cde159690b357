"""Tracks without a genre, and how they were answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import artist, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import LONGEST_GENRE, display_name, safe_text

MOST_EXAMPLES = 4

SOURCES = {
    "artist": "from the artist's other tracks",
    "album": "from the album's other tracks",
    "audio": "from the sound",
    "zero_shot": "from the sound, without examples",
    "unknown": "not at all",
}
"""How a track can be answered, in the order of the report."""


@dataclass(frozen=True)
class SuggestionExample:
    """An untagged track and its answer."""

    name: str
    genre: str
    """Empty where there is no answer."""
    probability: float | None


@dataclass(frozen=True)
class SuggestionSource:
    """One way of answering."""

    key: str
    words: str
    tracks: int
    share: float
    """Of all untagged tracks, 0 to 1."""
    examples: tuple[SuggestionExample, ...]


@dataclass(frozen=True)
class Untagged:
    """All tracks without a genre."""

    tracks: int
    answered: int
    ways: tuple[SuggestionSource, ...]
    """Only those that occur, "not at all" last."""


def read_untagged(connection: Connection) -> Untagged:
    """Counts the untagged tracks by the way in which they were answered, with a few examples of each."""
    way = sa.case(
        (track_status.c.suggested_genre_id.is_(None), "unknown"),
        else_=sa.func.coalesce(track_status.c.suggested_by, "audio"),
    )
    joined = track.outerjoin(track_status, track_status.c.track_id == track.c.id)
    condition = IS_LISTED & track_status.c.tagged_genre_id.is_(None)
    counts: dict[str, int] = dict(
        connection.execute(
            sa.select(way.label("way"), sa.func.count()).select_from(joined).where(condition).group_by("way")
        ).all()
    )
    total = sum(counts.values())
    # The surest first, then one artist after the other: five tracks of one album show nothing.
    within = sa.func.row_number().over(
        partition_by=(way, track.c.artist_id),
        order_by=(sa.func.coalesce(track_status.c.probability, 0).desc(), track.c.id),
    )
    examples: defaultdict[str, list[SuggestionExample]] = defaultdict(list)
    for key in counts:
        ranked = (
            sa.select(
                track.c.id,
                track.c.title,
                track.c.path,
                track.c.artist_id,
                track_status.c.suggested_genre,
                track_status.c.predicted_genre,
                track_status.c.probability,
                within.label("place"),
            )
            .select_from(joined)
            .where(condition, way == key)
            .subquery()
        )
        rows = connection.execute(
            sa.select(ranked, artist.c.name.label("artist"))
            .select_from(ranked.outerjoin(artist, artist.c.id == ranked.c.artist_id))
            .order_by(ranked.c.place, sa.func.coalesce(ranked.c.probability, 0).desc(), ranked.c.id)
            .limit(MOST_EXAMPLES)
        )
        for row in rows:
            # The probability is that of the first choice; it says nothing about a broader term.
            sure = row.probability if row.suggested_genre == row.predicted_genre else None
            examples[key].append(
                SuggestionExample(
                    display_name(row.artist, row.title, row.path),
                    safe_text(row.suggested_genre, LONGEST_GENRE),
                    sure,
                )
            )
    order = [*SOURCES, *sorted(set(counts) - set(SOURCES))]
    order.append(order.pop(order.index("unknown")))
    return Untagged(
        tracks=total,
        answered=total - counts.get("unknown", 0),
        ways=tuple(
            SuggestionSource(
                key, SOURCES.get(key, safe_text(key)), counts[key], counts[key] / total, tuple(examples[key])
            )
            for key in order
            if counts.get(key)
        ),
    )
