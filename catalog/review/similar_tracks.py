"""Neighborhood: the tracks by other artists that sound most alike, to be heard beside a doubted one."""

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
"""Tracks held: 100 MB of 500 dimensions. Of a larger collection the confirmed ones and as many others, at random."""
SEED = 0
SHOWN = 5
POOL = 3
"""How many times as many are looked at, for confirmed ones to be among them."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A track that sounds alike."""

    track_id: int
    title: str | None
    artist: str | None
    collection: str
    path: str | None
    genres: tuple[str, ...]
    """Its tags, the first one first."""
    is_confirmed: bool
    """Whether a person gave them."""
    has_file: bool
    """Whether it can be played."""
    similarity: float
    """Cosine of the standardized vectors, -1 to 1."""


@dataclass(frozen=True, eq=False)
class NeighborIndex:
    """n tagged tracks by what they sound like. Made once, asked often: it does not follow the database."""

    model_id: int
    recipes: tuple[StoredFeatureSet, ...]
    track_ids: Integers
    """(n,), ascending."""
    artist_ids: Integers
    """(n,): 0 where nobody is known."""
    is_confirmed: npt.NDArray[np.bool_]
    """(n,)."""
    rows: Float32
    """(n, dimensions), standardized, each of length 1."""
    mean: Floats
    """(dimensions,)."""
    deviation: Floats
    """(dimensions,), nowhere 0."""


def load_neighbor_index(connection: Connection) -> NeighborIndex | None:
    """The tagged tracks by the vectors that the active model takes; None where there is no model or no vector."""
    row = active_model(connection)
    if row is None:
        return None
    recipes = model_feature_sets(connection, row["id"])
    somebody = sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_placeholder))
    known = connection.execute(
        sa.select(track.c.id, artist.c.id.label("artist_id"), statement.c.source)
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(artist, somebody, isouter=True)
        .where(track_status.c.tagged_genre_id.is_not(None), IS_LISTED)
        .order_by(track.c.id)
    ).all()
    ids = np.array([one.id for one in known], dtype=np.int64)
    artists = np.array([one.artist_id or 0 for one in known], dtype=np.int64)
    confirmed = np.array([one.source == "person" for one in known], dtype=np.bool_)
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
    return NeighborIndex(row["id"], recipes, found, artists[at], confirmed[at], rows, mean, deviation)


def neighbors_of(
    connection: Connection, near: NeighborIndex, track_ids: Sequence[int], *, count: int = SHOWN
) -> dict[int, tuple[Neighbor, ...]]:
    """For each track that has a vector the nearest by other artists, those confirmed by a person first, then nearest.

    They are chosen among the nearest `POOL` x `count`; never the track itself, nor one of the check sample whose tag
    nobody may see yet.
    """
    asked, matrix = load_feature_matrix(connection, near.recipes, track_ids)
    rows = unit_vectors(matrix, near.mean, near.deviation)
    artists = _artists(connection, asked)
    blind = np.isin(near.track_ids, list(connection.execute(unjudged_sample()).scalars()))
    chosen: dict[int, list[tuple[int, float]]] = {}
    for track_id, row in zip(asked.tolist(), rows, strict=True):
        alike = near.rows @ row
        own = artists.get(track_id)
        barred = blind | (near.track_ids == track_id)
        if own is not None:
            barred |= near.artist_ids == own
        alike[barred] = -np.inf
        pool = np.argsort(-alike, kind="stable")[: POOL * count]
        pool = pool[np.isfinite(alike[pool])]
        order = sorted(pool.tolist(), key=lambda at: (not near.is_confirmed[at], -alike[at]))[:count]
        chosen[track_id] = [(int(near.track_ids[at]), float(alike[at])) for at in order]
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
    """The artist of each track that has one who is somebody."""
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
