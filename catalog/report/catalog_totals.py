"""Totals of the catalog: tracks, artists, albums, hours, tagged and analyzed tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.statistics import genre_figures, track_figures
from catalog.db.tables import collection, feature_set, feature_vector, tag_write, track
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import safe_text

MOST_COLLECTIONS = 10


@dataclass(frozen=True)
class CatalogTotals:
    """The size of the catalog. Only `missing` counts tracks whose file is missing."""

    tracks: int
    missing: int
    tagged: int
    artists: int
    albums: int
    hours: float
    """Length of all tracks whose length is known."""
    analyzed: int
    """Tracks with at least one vector of an active feature set."""
    collections: tuple[str, ...]
    """At most `MOST_COLLECTIONS` names."""
    written: int
    """Genre tags written to files and not undone."""

    @property
    def untagged(self) -> int:
        """Tracks without a genre."""
        return self.tracks - self.tagged

    @property
    def tagged_share(self) -> float | None:
        """The share of tracks with a genre; None without tracks."""
        return self.tagged / self.tracks if self.tracks else None


def read_totals(connection: Connection) -> CatalogTotals:
    """Counts tracks, vectors and tag writes; no row of a track is loaded."""
    tracks: dict[str, Any] = {figure.name: figure.value for figure in track_figures(connection)}
    genres: dict[str, Any] = {figure.name: figure.value for figure in genre_figures(connection)}
    has_vector = (
        sa.select(feature_vector.c.track_id)
        .join(feature_set, feature_set.c.id == feature_vector.c.feature_set_id)
        .where(feature_set.c.active)
        .distinct()
        .subquery()
    )
    analyzed = connection.execute(
        sa.select(sa.func.count())
        .select_from(has_vector.join(track, track.c.id == has_vector.c.track_id))
        .where(IS_LISTED)
    ).scalar_one()
    written = connection.execute(
        sa.select(sa.func.count()).select_from(tag_write).where(tag_write.c.state == "written")
    ).scalar_one()
    names = connection.execute(
        sa.select(collection.c.name).order_by(collection.c.id).limit(MOST_COLLECTIONS)
    ).scalars()
    return CatalogTotals(
        tracks=genres["tagged"] + genres["untagged"],
        missing=tracks["missing"],
        tagged=genres["tagged"],
        artists=tracks["artists"],
        albums=tracks["albums"],
        hours=tracks["hours"],
        analyzed=analyzed,
        collections=tuple(safe_text(name) for name in names),
        written=written,
    )
