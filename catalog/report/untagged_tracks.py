"""Untagged tracks and the source of their suggestions."""

from __future__ import annotations

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
    "audio": "from the audio",
    "zero_shot": "from the audio, zero-shot",
    "unknown": "without a suggestion",
}
"""The sources of a suggestion, in the order of the report."""


@dataclass(frozen=True)
class SuggestionExample:
    """An untagged track and its suggestion."""

    name: str
    genre: str
    """Empty without a suggestion."""
    probability: float | None


@dataclass(frozen=True)
class SuggestionSource:
    """Untagged tracks with suggestions from one source."""

    key: str
    description: str
    tracks: int
    share: float
    """Of all untagged tracks, 0 to 1."""
    examples: tuple[SuggestionExample, ...]


@dataclass(frozen=True)
class Untagged:
    """All tracks without a genre."""

    tracks: int
    suggested: int
    """Tracks with a suggestion."""
    sources: tuple[SuggestionSource, ...]
    """Sources with at least one track; "without a suggestion" is the last."""


_source = sa.case(
    (track_status.c.suggested_genre_id.is_(None), "unknown"),
    else_=sa.func.coalesce(track_status.c.suggested_by, "audio"),
)
_joined = track.outerjoin(track_status, track_status.c.track_id == track.c.id)
_is_untagged = IS_LISTED & track_status.c.tagged_genre_id.is_(None)


def read_untagged(connection: Connection) -> Untagged:
    """Counts the untagged tracks by the source of their suggestion, with a few examples of each."""
    counts: dict[str, int] = dict(
        connection.execute(
            sa.select(_source.label("source"), sa.func.count())
            .select_from(_joined)
            .where(_is_untagged)
            .group_by("source")
        ).all()
    )
    total = sum(counts.values())
    order = [*SOURCES, *sorted(set(counts) - set(SOURCES))]
    order.append(order.pop(order.index("unknown")))
    return Untagged(
        tracks=total,
        suggested=total - counts.get("unknown", 0),
        sources=tuple(
            SuggestionSource(
                key,
                SOURCES.get(key, safe_text(key)),
                counts[key],
                counts[key] / total,
                _examples(connection, key),
            )
            for key in order
            if counts.get(key)
        ),
    )


def _examples(connection: Connection, source: str) -> tuple[SuggestionExample, ...]:
    """The most probable tracks of different artists first: five tracks of one album are poor examples."""
    within = sa.func.row_number().over(
        partition_by=track.c.artist_id,
        order_by=(sa.func.coalesce(track_status.c.probability, 0).desc(), track.c.id),
    )
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
        .select_from(_joined)
        .where(_is_untagged, _source == source)
        .subquery()
    )
    rows = connection.execute(
        sa.select(ranked, artist.c.name.label("artist"))
        .select_from(ranked.outerjoin(artist, artist.c.id == ranked.c.artist_id))
        .order_by(ranked.c.place, sa.func.coalesce(ranked.c.probability, 0).desc(), ranked.c.id)
        .limit(MOST_EXAMPLES)
    )
    return tuple(
        SuggestionExample(
            display_name(row.artist, row.title, row.path),
            safe_text(row.suggested_genre, LONGEST_GENRE),
            # The probability belongs to the first choice and does not apply to a broader term.
            row.probability if row.suggested_genre == row.predicted_genre else None,
        )
        for row in rows
    )
