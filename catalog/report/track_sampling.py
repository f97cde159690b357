"""Which tracks a picture of a large collection shows: spread evenly over the catalog, and the same each time."""

from __future__ import annotations

import math

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import feature_vector, track
from catalog.db.track_query import IS_LISTED

_PRIME, _MULTIPLIER = 65_521, 40_503

analyzed_tracks = feature_vector.join(track, track.c.id == feature_vector.c.track_id)


def sample_evenly(connection: Connection, feature_set_id: int, most: int) -> tuple[ColumnElement[bool], int]:
    """The condition on `analyzed_tracks` that gives about `most` of those with a vector of a feature set, one in ten more
    at most; and how many there are.

    A multiplicative hash of the id: no database sorts a million rows at random to give us three thousand.
    """
    of_set = (feature_vector.c.feature_set_id == feature_set_id) & IS_LISTED
    tracks = connection.execute(
        sa.select(sa.func.count()).select_from(analyzed_tracks).where(of_set)
    ).scalar_one()
    share = min(1.0, 1.1 * most / tracks) if tracks else 1.0
    place = feature_vector.c.track_id % _PRIME * _MULTIPLIER % _PRIME
    return sa.and_(of_set, place < math.ceil(share * _PRIME)), int(tracks)
