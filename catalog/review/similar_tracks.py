"""Similar tracks by other artists, for comparison with a suspect track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32, Floats, Integers
from catalog.db.tables import artist, collection, genre, label, statement, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.dataset.feature_matrix import load_feature_matrix
from catalog.learning.registry.registry import active_model, model_feature_sets
from catalog.review.suspect_filters import unjudged_sample
from catalog.similarity.scale import moments, unit_vectors

LARGEST = 50_000
"""Maximum number of tracks: 100 MB for 500 dimensions. Larger collections keep the confirmed tracks and a random
sample."""
SEED = 0
SHOWN = 5
POOL = 3
"""Candidates per shown track, so that confirmed tracks are among them."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A similar track."""

    track_id: int
    title: str | None
    artist: str | None
    collection: str
    path: str | None
    genres: tuple[str, ...]
    """Its tags in order."""
    is_confirmed: bool
    """A person set the tags."""
    has_file: bool
    """The file can be played."""
    similarity: float
    """Cosine of the standardized vectors, -1 to 1."""


@dataclass(frozen=True, eq=False)
class NeighborIndex:
    """Vectors of n tagged tracks. Built once; it does not follow changes of the database."""

    model_id: int
    recipes: tuple[StoredFeatureSet, ...]
    track_ids: Integers
    """(n,), ascending."""
    artist_ids: Integers
    """(n,): 0 for unknown artists."""
    is_confirmed: npt.NDArray[np.bool_]
    """(n,)."""
    rows: Float32
    """(n, dimensions), standardized and scaled to unit length."""
    mean: Floats
    """(dimensions,)."""
    deviation: Floats
    """(dimensions,), nowhere 0."""


def load_neighbor_index(connection: Connection) -> NeighborIndex | None:
    """The tagged tracks with the vectors of the active model; None without a model or vectors."""
    model_row = active_model(connection)
    if model_row is None:
        return None
    recipes = model_feature_sets(connection, model_row["id"])
    named_artist = sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_placeholder))
    tagged = connection.execute(
        sa.select(track.c.id, artist.c.id.label("artist_id"), statement.c.source)
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(artist, named_artist, isouter=True)
        .where(track_status.c.tagged_genre_id.is_not(None), IS_LISTED)
        .order_by(track.c.id)
    ).all()
    ids = np.array([row.id for row in tagged], dtype=np.int64)
    artists = np.array([row.artist_id or 0 for row in tagged], dtype=np.int64)
    confirmed = np.array([row.source == "person" for row in tagged], dtype=np.bool_)
    if len(ids) > LARGEST:
        others = np.random.default_rng(SEED).permutation(np.flatnonzero(~confirmed))[:LARGEST]
        kept = np.sort(np.concatenate([np.flatnonzero(confirmed), others]))
        ids, artists, confirmed = ids[kept], artists[kept], confirmed[kept]
    if not len(ids) or not recipes:
        return None
    found, matrix = load_feature_matrix(connection, recipes, ids)
    if not len(found):
        return None
    at = np.searchsorted(ids, found)
    mean, deviation = moments(matrix)
    rows = unit_vectors(matrix, mean, deviation)
    return NeighborIndex(model_row["id"], recipes, found, artists[at], confirmed[at], rows, mean, deviation)


def neighbors_of(
    connection: Connection, index: NeighborIndex, track_ids: Sequence[int], *, count: int = SHOWN
) -> dict[int, tuple[Neighbor, ...]]:
    """For each track with a vector the nearest tracks by other artists: confirmed tracks first, then by similarity.

    They are chosen among the nearest `POOL` x `count`, without the track itself and tracks that wait for a blind
    judgment.
    """
    query_ids, matrix = load_feature_matrix(connection, index.recipes, track_ids)
    rows = unit_vectors(matrix, index.mean, index.deviation)
    artists = _artists(connection, query_ids)
    blind = np.isin(index.track_ids, list(connection.execute(unjudged_sample()).scalars()))
    chosen: dict[int, list[tuple[int, float]]] = {}
    for track_id, row in zip(query_ids.tolist(), rows, strict=True):
        similarity = index.rows @ row
        own = artists.get(track_id)
        is_excluded = blind | (index.track_ids == track_id)
        if own is not None:
            is_excluded |= index.artist_ids == own
        similarity[is_excluded] = -np.inf
        pool = np.argsort(-similarity, kind="stable")[: POOL * count]
        pool = pool[np.isfinite(similarity[pool])]
        order = sorted(pool.tolist(), key=lambda at: (not index.is_confirmed[at], -similarity[at]))[:count]
        chosen[track_id] = [(int(index.track_ids[at]), float(similarity[at])) for at in order]
    described = _described(connection, {other for found in chosen.values() for other, _ in found})
    return {
        track_id: tuple(
            Neighbor(**described[other], similarity=round(similarity, 4))
            for other, similarity in found
            if other in described
        )
        for track_id, found in chosen.items()
    }


def _artists(connection: Connection, track_ids: Integers) -> Mapping[int, int]:
    """The artist of each track, without placeholders."""
    return dict(
        connection.execute(
            sa.select(track.c.id, artist.c.id)
            .join_from(track, artist, artist.c.id == track.c.artist_id)
            .where(track.c.id.in_(track_ids.tolist()), sa.not_(artist.c.is_placeholder))
        ).all()
    )


def _described(connection: Connection, track_ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = connection.execute(
        sa.select(
            track.c.id,
            track.c.title,
            artist.c.name.label("artist"),
            collection.c.name.label("collection"),
            track.c.path,
            track.c.state,
            statement.c.source,
            genre.c.name.label("genre"),
        )
        .join_from(track, collection, collection.c.id == track.c.collection_id)
        .join(track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(label, label.c.statement_id == statement.c.id)
        .join(genre, genre.c.id == label.c.genre_id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .where(track.c.id.in_(track_ids))
        .order_by(track.c.id, label.c.rank)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        genres = (row.genre,)
        if row.id in found:
            genres = (*found[row.id]["genres"], row.genre)
        found[row.id] = {
            "track_id": row.id,
            "title": row.title,
            "artist": row.artist,
            "collection": row.collection,
            "path": row.path,
            "genres": genres,
            "is_confirmed": row.source == "person",
            "has_file": row.state == "present",
        }
    return found
