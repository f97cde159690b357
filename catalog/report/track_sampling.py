"""A deterministic sample of the analyzed tracks, for plots of large collections."""

from __future__ import annotations

import math

import numpy as np
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from catalog.arrays import Floats
from catalog.db.tables import feature_vector, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.features.stored_feature_set import StoredFeatureSet

_PRIME, _MULTIPLIER = 65_521, 40_503

analyzed_tracks = feature_vector.join(track, track.c.id == feature_vector.c.track_id)
"""One row for each vector, with its track."""


def sample_evenly(connection: Connection, feature_set_id: int, most: int) -> tuple[ColumnElement[bool], int]:
    """A condition on `analyzed_tracks` that selects about `most` tracks with a vector of a feature set (at most 10 %
    more), and the number of all tracks with such a vector.

    The sample uses a multiplicative hash of the track id, which is faster than sorting a million rows at random.
    """
    of_set = (feature_vector.c.feature_set_id == feature_set_id) & IS_LISTED
    tracks = connection.execute(
        sa.select(sa.func.count()).select_from(analyzed_tracks).where(of_set)
    ).scalar_one()
    share = min(1.0, 1.1 * most / tracks) if tracks else 1.0
    place = feature_vector.c.track_id % _PRIME * _MULTIPLIER % _PRIME
    return sa.and_(of_set, place < math.ceil(share * _PRIME)), int(tracks)


def sample_vectors(
    connection: Connection, features: StoredFeatureSet, most: int
) -> tuple[list[Row[int, Floats, int | None]], int]:
    """Rows of a sample of about `most` tracks with finite vectors, and the number of all tracks with a vector.

    The columns are `id`, `vector` and `tagged_genre_id`; the order is that of the ids.
    """
    is_sampled, analyzed = sample_evenly(connection, features.id, most)
    rows = connection.execute(
        sa.select(track.c.id, feature_vector.c.vector, track_status.c.tagged_genre_id)
        .select_from(analyzed_tracks.outerjoin(track_status, track_status.c.track_id == track.c.id))
        .where(is_sampled)
        .order_by(track.c.id)
    )
    size = len(features.dimensions)
    return [row for row in rows if len(row.vector) == size and np.isfinite(row.vector).all()], analyzed
