"""The tracks and artists of each genre in a model's training set, and the class that each genre counts for."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, model_class
from catalog.report.formatting import LONGEST_GENRE, LONGEST_REASON, safe_text


@dataclass(frozen=True)
class GenreSupport:
    """The examples of one genre."""

    genre_id: int
    genre: str
    tracks: int
    artists: int
    albums: int
    counts_for_id: int | None
    counts_for: str | None
    """The class that its tracks count for: itself if it is a class; None if no class includes it."""
    reason: str
    """Why it is not a class; empty for a class."""

    @property
    def is_class(self) -> bool:
        """Whether the model predicts this very genre."""
        return self.counts_for_id == self.genre_id


def read_genre_support(connection: Connection, model_id: int) -> list[GenreSupport]:
    """The support of every genre of a model, the most tracks first."""
    target = genre.alias("target")
    rows = connection.execute(
        sa.select(model_class, genre.c.name, target.c.name.label("counts_for"))
        .join_from(model_class, genre, genre.c.id == model_class.c.genre_id)
        .join(target, target.c.id == model_class.c.counts_for_id, isouter=True)
        .where(model_class.c.model_id == model_id)
        .order_by(model_class.c.tracks.desc(), genre.c.name)
    )
    return [
        GenreSupport(
            genre_id=row.genre_id,
            genre=safe_text(row.name, LONGEST_GENRE),
            tracks=row.tracks,
            artists=row.artists,
            albums=row.albums,
            counts_for_id=row.counts_for_id,
            counts_for=None if row.counts_for is None else safe_text(row.counts_for, LONGEST_GENRE),
            # The class is shown beside the reason.
            reason=safe_text(row.reason.partition("; counts for ")[0], LONGEST_REASON),
        )
        for row in rows
    ]
