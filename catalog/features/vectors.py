"""Feature vectors: store, load as a matrix, find tracks without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from catalog.arrays import Float32, Integers
from catalog.batches import chunks
from catalog.db.mmap_reads import mmap_reads
from catalog.db.server_time import moment
from catalog.db.tables import failure, feature_set, feature_vector, track
from catalog.db.track_query import HAS_FILE
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
    """Stores a vector, replacing an older one of the same feature set and track.

    `file_signature` is that of the analyzed file; None for imported vectors, which never become stale. Raises
    ValueError if the length of the vector is wrong.
    """
    if vector.shape != (len(recipe.dimensions),):
        raise ValueError(
            f"{recipe.name} has {len(recipe.dimensions)} dimensions; the vector has shape {vector.shape}"
        )
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
    """Marks a track's vectors as those of its current file, of which only the tags have changed."""
    connection.execute(
        sa.update(feature_vector)
        .where(feature_vector.c.feature_set_id.in_(recipe_ids), feature_vector.c.track_id == track_id)
        .values(file_signature=file_signature)
    )


class WrongLengthError(CatalogError):
    """A stored vector has another length than its feature set."""

    def __init__(self, track_id: int, recipe: StoredFeatureSet, numbers: int) -> None:
        super().__init__(
            f"the {recipe.name} vector of track {track_id} has {numbers:,} numbers, "
            f"not {len(recipe.dimensions):,}: "
            "the database was changed from outside; restore it from a backup"
        )


def load_matrix(
    connection: Connection, recipe: StoredFeatureSet, track_ids: Sequence[int] | Integers | None = None
) -> tuple[Integers, Float32]:
    """The vectors of a feature set, for the given tracks or for all.

    Returns track ids, ascending, and a matrix (tracks, dimensions) in the same order. Tracks without a vector are left
    out. Raises WrongLengthError.
    """
    columns = feature_vector.c
    query = sa.select(columns.track_id, columns.vector).where(columns.feature_set_id == recipe.id)
    if track_ids is None:
        count = connection.execute(
            sa.select(sa.func.count()).where(columns.feature_set_id == recipe.id)
        ).scalar_one()
        queries = [query.order_by(columns.track_id)]
    else:
        requested = np.unique(np.asarray(track_ids, np.int64))
        count = len(requested)
        queries = [
            query.where(columns.track_id.in_(part.tolist())).order_by(columns.track_id)
            for part in chunks(requested, CHUNK)
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
    """The query for pending tracks: ids of tracks without a current vector of one of the feature sets, not failed.

    A vector is current while the file is the analyzed one. A failure holds until the file changes or a newer feature
    set is registered. `where` is a condition on `track`.
    """
    conditions = [HAS_FILE, sa.or_(*(_lacks(recipe_id) for recipe_id in recipe_ids))]
    if where is not None:
        conditions.append(where)
    return sa.select(track.c.id).where(*conditions)


def count_tracks_without_vector(
    connection: Connection, recipe_ids: Sequence[int], where: ColumnElement[bool] | None = None
) -> int:
    """The number of pending tracks, computed as present tracks minus finished ones.

    With a million pending tracks only the few finished ones are looked up. `recipe_ids` must not be empty.
    """
    present = [HAS_FILE, *([] if where is None else [where])]
    vectors = [feature_vector.alias() for _ in recipe_ids]
    by_vectors: FromClause = track
    for vector in vectors:
        by_vectors = by_vectors.join(vector, vector.c.track_id == track.c.id)
    is_current = [
        _is_current(vector, recipe_id) for vector, recipe_id in zip(vectors, recipe_ids, strict=True)
    ]
    finished = sa.select(sa.func.count()).select_from(by_vectors).where(*is_current, *present)
    failed = (
        sa.select(sa.func.count())
        .select_from(track)
        .where(
            # Starts with the few failed tracks; without this SQLite scans all tracks.
            track.c.id.in_(sa.select(failure.c.track_id)),
            *(sa.not_(_lacks(recipe_id)) for recipe_id in recipe_ids),
            sa.not_(sa.and_(*map(_has_current, recipe_ids))),
            *present,
        )
    )
    all_present = sa.select(sa.func.count()).select_from(track).where(*present)
    # The signature column is stored after the long vector column.
    with mmap_reads(connection):
        total, *done = (connection.execute(query).scalar_one() for query in (all_present, finished, failed))
    return max(total - sum(done), 0)  # other processes may store between the queries


def _lacks(recipe_id: int) -> ColumnElement[bool]:
    return sa.and_(~_has_current(recipe_id), ~_has_failed(recipe_id))


def _has_current(recipe_id: int) -> ColumnElement[bool]:
    vector = feature_vector.alias()
    return sa.exists().where(vector.c.track_id == track.c.id, _is_current(vector, recipe_id))


def _is_current(vector: FromClause, recipe_id: int) -> ColumnElement[bool]:
    """Whether a vector belongs to the feature set and to the current file of its track."""
    signature = vector.c.file_signature
    return sa.and_(
        vector.c.feature_set_id == recipe_id,
        sa.or_(signature.is_(None), signature == sa.func.coalesce(track.c.file_signature, signature)),
    )


def _has_failed(recipe_id: int) -> ColumnElement[bool]:
    """Whether a failure holds for the feature set and the current file of the track."""
    made_at = sa.select(feature_set.c.created_at).where(feature_set.c.id == recipe_id).scalar_subquery()
    return sa.exists().where(
        failure.c.track_id == track.c.id,
        failure.c.file_signature.is_not_distinct_from(track.c.file_signature),
        sa.or_(
            failure.c.feature_set_id == recipe_id,
            sa.and_(failure.c.feature_set_id.is_(None), failure.c.failed_at >= made_at),
        ),
    )
