"""Counts of rows: collections, tracks, genres, vectors, failures.

Only counts: figures that need the meaning of predictions, suspects and decisions are in
`catalog/report/catalog_statistics.py`. The one rule about genres in this package is `track_status.sql`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from catalog.db.tables import (
    album,
    artist,
    collection,
    failure,
    feature_set,
    feature_vector,
    track,
    track_status,
)
from catalog.db.track_query import IS_LISTED


@dataclass(frozen=True)
class Figure:
    """One number or word of the statistics."""

    about: str
    """Its group: collections, tracks, genres, features, failures, model, suspects, decisions."""
    name: str
    value: float | str | None


def collection_figures(connection: Connection) -> Iterator[Figure]:
    """Tracks of each collection, without the missing ones."""
    query = (
        sa.select(collection.c.name, sa.func.count(track.c.id))
        .join_from(collection, track, (track.c.collection_id == collection.c.id) & IS_LISTED, isouter=True)
        .group_by(collection.c.id, collection.c.name)
    )
    return grouped_counts(connection, "collections", query)


def track_figures(connection: Connection) -> Iterator[Figure]:
    """Tracks by state, hours, artists and albums."""
    states: dict[str, int] = dict(
        connection.execute(sa.select(track.c.state, sa.func.count()).group_by(track.c.state)).all()
    )
    for state in ("present", "missing", "metadata"):
        yield Figure("tracks", state, states.get(state, 0))
    seconds = connection.execute(sa.select(sa.func.sum(track.c.duration)).where(IS_LISTED)).scalar()
    yield Figure("tracks", "hours", round((seconds or 0) / 3600, 2))
    used = sa.select(track.c.artist_id).where(IS_LISTED)
    artists = sa.select(sa.func.count()).where(artist.c.id.in_(used), ~artist.c.is_placeholder)
    yield Figure("tracks", "artists", connection.execute(artists).scalar_one())
    albums = sa.select(sa.func.count()).where(album.c.id.in_(sa.select(track.c.album_id).where(IS_LISTED)))
    yield Figure("tracks", "albums", connection.execute(albums).scalar_one())


def genre_figures(connection: Connection) -> Iterator[Figure]:
    """Tagged and untagged tracks, and the number of different first genres."""
    tagged, untagged, genres = connection.execute(
        sa.select(
            sa.func.count(track_status.c.tagged_genre_id),
            sa.func.count() - sa.func.count(track_status.c.tagged_genre_id),
            sa.func.count(track_status.c.tagged_genre_id.distinct()),
        )
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(IS_LISTED)
    ).one()
    yield Figure("genres", "tagged", tagged)
    yield Figure("genres", "untagged", untagged)
    yield Figure("genres", "distinct", genres)


def feature_figures(connection: Connection) -> Iterator[Figure]:
    """Vectors of each feature set; a replaced one is listed with its version."""
    query = (
        sa.select(feature_set.c.name, feature_set.c.version, feature_set.c.active, sa.func.count(track.c.id))
        .join_from(feature_set, feature_vector, isouter=True)
        .join(track, (track.c.id == feature_vector.c.track_id) & IS_LISTED, isouter=True)
        .group_by(feature_set.c.id, feature_set.c.name, feature_set.c.version, feature_set.c.active)
        .order_by(feature_set.c.name, feature_set.c.id)
    )
    for name, version, active, tracks in connection.execute(query):
        yield Figure("features", name if active else f"{name} (replaced, version {version})", tracks)


def failure_figures(connection: Connection) -> Iterator[Figure]:
    """Failures by reason."""
    query = sa.select(failure.c.reason, sa.func.count()).group_by(failure.c.reason)
    return grouped_counts(connection, "failures", query)


def grouped_counts(connection: Connection, about: str, query: Select[Any]) -> Iterator[Figure]:
    """The figures of a query of (name, count), largest first."""
    rows = connection.execute(query).all()
    for name, number in sorted(rows, key=lambda row: (-row[1], str(row[0]))):
        yield Figure(about, str(name), number)
