"""Vectors of tracks: storing them, loading them as a matrix, and which tracks lack one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from catalog.arrays import Float32, Integers
from catalog.db.mmap_reads import mmap_reads
from catalog.db.server_time import moment
from catalog.db.tables import failure, feature_set, feature_vector, track
from catalog.db.upsert import insert_into
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet

CHUNK = 5_000


def store_vector(
    connection: Connection,
    recipe: StoredFeatureSet,
    track_id: int,
    vector: Float32,
    *,
    file_signature: str | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Puts a vector in the place of an older one of the same recipe and track.

    `file_signature` is that of the file which was heard; None for what came from elsewhere, which is never stale.
    Raises ValueError where the vector is not as long as the recipe says.
    """
    if vector.shape != (len(recipe.dimensions),):
        raise ValueError(f"{recipe.name} has {len(recipe.dimensions)} dimensions, the vector {vector.shape}")
    values = {
        "vector": vector,
        "file_signature": file_signature,
        "provenance": None if provenance is None else dict(provenance),
        "computed_at": moment(connection),
    }
    keys = [feature_vector.c.feature_set_id, feature_vector.c.track_id]
    connection.execute(
        insert_into(connection, feature_vector)
        .values(feature_set_id=recipe.id, track_id=track_id, **values)
        .on_conflict_do_update(index_elements=keys, set_=values)
    )


def mark_vectors_current(
    connection: Connection, recipe_ids: Sequence[int], track_id: int, file_signature: str | None
) -> None:
    """Says that a track's vectors hold for a file whose tags, but not whose sound, have changed."""
    connection.execute(
        sa.update(feature_vector)
        .where(feature_vector.c.feature_set_id.in_(recipe_ids), feature_vector.c.track_id == track_id)
        .values(file_signature=file_signature)
    )


class WrongLengthError(CatalogError):
    """A stored vector is not as long as its recipe says."""

    def __init__(self, track_id: int, recipe: StoredFeatureSet, numbers: int) -> None:
        super().__init__(
            f"track {track_id} has {numbers:,} numbers for {recipe.name}, not {len(recipe.dimensions):,}: the database "
            "was changed from outside; restore it from a backup"
        )


def load_matrix(
    connection: Connection, recipe: StoredFeatureSet, track_ids: Sequence[int] | Integers | None = None
) -> tuple[Integers, Float32]:
    """The vectors of a recipe, one row a track, for the tracks given or for all.

    Gives the tracks' ids, ascending, and a matrix (tracks, dimensions) in the same order. Tracks without a vector
    are not in it. Raises WrongLengthError.
    """
    columns = feature_vector.c
    query = sa.select(columns.track_id, columns.vector).where(columns.feature_set_id == recipe.id)
    if track_ids is None:
        count = connection.execute(
            sa.select(sa.func.count()).where(columns.feature_set_id == recipe.id)
        ).scalar_one()
        queries = [query.order_by(columns.track_id)]
    else:
        wanted = np.unique(np.asarray(track_ids, np.int64))
        count = len(wanted)
        queries = [
            query.where(columns.track_id.in_(part.tolist())).order_by(columns.track_id)
            for part in _chunks(wanted)
        ]
    ids = np.empty(count, np.int64)
    matrix = np.empty((count, len(recipe.dimensions)), np.float32)
    filled = 0
    for part_query in queries:
        with connection.execute(part_query.execution_options(yield_per=CHUNK)) as rows:
            for track_id, vector in rows:
                if len(vector) != matrix.shape[1]:
                    raise WrongLengthError(track_id, recipe, len(vector))
                ids[filled], matrix[filled] = track_id, vector
                filled += 1
    return ids[:filled], matrix[:filled]


def tracks_without_vector(
    recipe_ids: Sequence[int], where: ColumnElement[bool] | None = None
) -> sa.Select[int]:
    """The query of what is pending: ids of tracks that lack a fresh vector of one of the recipes, and did not fail.

    A vector is fresh while the file is the one that was heard. A failure holds until the file changes, or until a
    recipe comes that is newer than it. `where` is a condition on `track` that narrows the search.
    """
    conditions = [track.c.state == "present", sa.or_(*(_lacks(recipe_id) for recipe_id in recipe_ids))]
    if where is not None:
        conditions.append(where)
    return sa.select(track.c.id).where(*conditions)


def count_tracks_without_vector(
    connection: Connection, recipe_ids: Sequence[int], where: ColumnElement[bool] | None = None
) -> int:
    """How many tracks `unheard` gives, counted from the other side: all that are present less those that are done.

    So where a million are pending only the few that are done are looked up. `recipe_ids` must not be empty.
    """
    present = [track.c.state == "present", *([] if where is None else [where])]
    vectors = [feature_vector.alias() for _ in recipe_ids]
    by_vectors: FromClause = track
    for vector in vectors:
        by_vectors = by_vectors.join(vector, vector.c.track_id == track.c.id)
    fresh = [_is_fresh(vector, recipe_id) for vector, recipe_id in zip(vectors, recipe_ids, strict=True)]
    heard = sa.select(sa.func.count()).select_from(by_vectors).where(*fresh, *present)
    failed = (
        sa.select(sa.func.count())
        .select_from(track)
        .where(
            # Begun with the few tracks that failed; without this SQLite goes through all.
            track.c.id.in_(sa.select(failure.c.track_id)),
            *(sa.not_(_lacks(recipe_id)) for recipe_id in recipe_ids),
            sa.not_(sa.and_(*map(_has_fresh, recipe_ids))),
            *present,
        )
    )
    every = sa.select(sa.func.count()).select_from(track).where(*present)
    # Which file a vector was made of lies behind the vector.
    with mmap_reads(connection):
        total, *done = (connection.execute(query).scalar_one() for query in (every, heard, failed))
    return max(total - sum(done), 0)  # others may store between two questions


def _lacks(recipe_id: int) -> ColumnElement[bool]:
    return sa.and_(~_has_fresh(recipe_id), ~_has_failed(recipe_id))


def _has_fresh(recipe_id: int) -> ColumnElement[bool]:
    vector = feature_vector.alias()
    return sa.exists().where(vector.c.track_id == track.c.id, _is_fresh(vector, recipe_id))


def _is_fresh(vector: FromClause, recipe_id: int) -> ColumnElement[bool]:
    """Whether a vector is of the recipe, and of the file that its track has now."""
    heard = vector.c.file_signature
    return sa.and_(
        vector.c.feature_set_id == recipe_id,
        sa.or_(heard.is_(None), heard == sa.func.coalesce(track.c.file_signature, heard)),
    )


def _has_failed(recipe_id: int) -> ColumnElement[bool]:
    """Whether a failure of a track holds for the recipe, and for the file that the track has now."""
    made_at = sa.select(feature_set.c.created_at).where(feature_set.c.id == recipe_id).scalar_subquery()
    return sa.exists().where(
        failure.c.track_id == track.c.id,
        failure.c.file_signature.is_not_distinct_from(track.c.file_signature),
        sa.or_(
            failure.c.feature_set_id == recipe_id,
            sa.and_(failure.c.feature_set_id.is_(None), failure.c.failed_at >= made_at),
        ),
    )


def _chunks(ids: Integers) -> Iterator[Integers]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
