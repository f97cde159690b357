"""A deterministic sample of the analyzed tracks, for plots of large collections."""

from __future__ import annotations

import math

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import feature_vector, track
from catalog.db.track_query import IS_LISTED

_PRIME, _MULTIPLIER = 65_521, 40_503

analyzed_tracks = feature_vector.join(track, track.c.id == feature_vector.c.track_id)
"""One row for each vector, with its track."""


def sample_evenly(connection: Connection, feature_set_id: int, most: int) -> tuple[ColumnElement[bool], int]:
    """A condition on `analyzed_tracks` that selects about `most` tracks with a vector of a feature set (at most 10 % more),
    and the number of all tracks with such a vector.

    The sample uses a multiplicative hash of the track id, which is faster than sorting a million rows at random.
    """
    of_set = (feature_vector.c.feature_set_id == feature_set_id) & IS_LISTED
    tracks = connection.execute(
        sa.select(sa.func.count()).select_from(analyzed_tracks).where(of_set)
    ).scalar_one()
    share = min(1.0, 1.1 * most / tracks) if tracks else 1.0
    place = feature_vector.c.track_id % _PRIME * _MULTIPLIER % _PRIME
    return sa.and_(of_set, place < math.ceil(share * _PRIME)), int(tracks)
