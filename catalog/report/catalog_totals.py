"""What the catalog holds, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import collection, feature_set, feature_vector, tag_write, track, track_status
from catalog.report.formatting import safe_text

is_present = track.c.state != "missing"
"""The tracks that the report speaks of: all but those whose files have vanished."""


@dataclass(frozen=True)
class CatalogTotals:
    """The catalog at a glance."""

    tracks: int
    """All but missing ones."""
    missing: int
    tagged: int
    artists: int
    albums: int
    hours: float
    """Length of all tracks whose length is known."""
    analyzed: int
    """Tracks with at least one vector of an active feature set."""
    collections: tuple[str, ...]
    """At most ten names."""
    written: int
    """Genre tags that people had written to files and that are still there."""

    @property
    def untagged(self) -> int:
        """Tracks without a genre."""
        return self.tracks - self.tagged

    @property
    def tagged_share(self) -> float | None:
        """The share of tracks with a genre; None without tracks."""
        return self.tagged / self.tracks if self.tracks else None


def read_totals(connection: Connection) -> CatalogTotals:
    """Counts everything; each number is one pass of the database over at most one table of tracks."""
    by_state: Mapping[str, int] = dict(
        connection.execute(sa.select(track.c.state, sa.func.count()).group_by(track.c.state)).all()
    )
    present = connection.execute(
        sa.select(
            sa.func.count(track.c.artist_id.distinct()),
            sa.func.count(track.c.album_id.distinct()),
            sa.func.coalesce(sa.func.sum(track.c.duration), 0.0),
        ).where(is_present)
    ).one()
    tagged = connection.execute(
        sa.select(sa.func.count())
        .select_from(track_status.join(track, track.c.id == track_status.c.track_id))
        .where(is_present, track_status.c.tagged_genre_id.is_not(None))
    ).scalar_one()
    heard = (
        sa.select(feature_vector.c.track_id)
        .join(feature_set, feature_set.c.id == feature_vector.c.feature_set_id)
        .where(feature_set.c.active)
        .distinct()
        .subquery()
    )
    analyzed = connection.execute(
        sa.select(sa.func.count())
        .select_from(heard.join(track, track.c.id == heard.c.track_id))
        .where(is_present)
    ).scalar_one()
    written = connection.execute(
        sa.select(sa.func.count()).select_from(tag_write).where(tag_write.c.state == "written")
    ).scalar_one()
    names = connection.execute(sa.select(collection.c.name).order_by(collection.c.id).limit(10)).scalars()
    return CatalogTotals(
        tracks=sum(number for state, number in by_state.items() if state != "missing"),
        missing=by_state.get("missing", 0),
        tagged=tagged,
        artists=present[0],
        albums=present[1],
        hours=float(present[2]) / 3600,
        analyzed=analyzed,
        collections=tuple(safe_text(name) for name in names),
        written=written,
    )
