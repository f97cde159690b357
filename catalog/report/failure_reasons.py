"""Tracks that could not be analyzed, by reason."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import failure, track
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import safe_text

MOST_REASONS = 12

DESCRIPTIONS = {
    "unreadable": "The file cannot be read",
    "empty": "The file is empty",
    "not-audio": "Not an audio file",
    "no-audio-stream": "The file has no audio stream",
    "undecodable": "The audio cannot be decoded",
    "too-short": "Shorter than half a second",
    "silent": "The file is silent",
    "not-finite": "The features are not finite numbers",
    "changed": "The file changed while it was analyzed",
}
"""A sentence for each reason code. Other codes are shown as they are."""


@dataclass(frozen=True)
class FailureReason:
    """One kind of failure."""

    code: str
    description: str
    tracks: int
    message: str
    """The message of one of them."""
    path: str
    """The path of that track."""


@dataclass(frozen=True)
class Failures:
    """All failures."""

    tracks: int
    reasons: tuple[FailureReason, ...]
    """The most common first, at most `MOST_REASONS`."""
    further: int
    """Number of further reasons."""


def read_failures(connection: Connection) -> Failures:
    """Counts failures by reason, with one example each."""
    joined = failure.join(track, track.c.id == failure.c.track_id)
    tracks = connection.execute(
        sa.select(sa.func.count(failure.c.track_id.distinct())).select_from(joined).where(IS_LISTED)
    ).scalar_one()
    number = sa.func.count(failure.c.track_id.distinct()).label("tracks")
    counted = connection.execute(
        sa.select(failure.c.reason, number, sa.func.min(failure.c.id).label("example"))
        .select_from(joined)
        .where(IS_LISTED)
        .group_by(failure.c.reason)
        .order_by(number.desc(), failure.c.reason)
    ).all()
    shown = counted[:MOST_REASONS]
    examples = {
        row.id: row
        for row in connection.execute(
            sa.select(failure.c.id, failure.c.message, track.c.path)
            .select_from(joined)
            .where(failure.c.id.in_([row.example for row in shown]))
        )
    }
    return Failures(
        tracks=tracks,
        reasons=tuple(
            FailureReason(
                code=safe_text(row.reason, 60),
                description=DESCRIPTIONS.get(
                    row.reason, safe_text(row.reason, 60).replace("-", " ").capitalize()
                ),
                tracks=row.tracks,
                message=safe_text(examples[row.example].message, 200),
                path=safe_text(examples[row.example].path, 160),
            )
            for row in shown
        ),
        further=len(counted) - len(shown),
    )
