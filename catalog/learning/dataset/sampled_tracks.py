"""Tracks of audit samples, which are excluded from training, and their labels."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.db.tables import audit_sample_track, decision, track_status


def sampled_tracks(connection: Connection) -> Integers:
    """The ids of all tracks in an audit sample, ascending.

    Tracks without a verdict are included: a model that is trained on a track cannot be evaluated on it later.
    """
    ids = connection.execute(sa.select(audit_sample_track.c.track_id).distinct()).scalars()
    return np.sort(np.fromiter(ids, dtype=np.int64))


def sample_labels(connection: Connection) -> tuple[Integers, Integers]:
    """The sampled tracks with a verdict, ascending, and their genres.

    A decision that was undone, or that names no genre, does not count.
    """
    undone = sa.select(decision.c.undoes_id).where(decision.c.undoes_id.is_not(None))
    rows = connection.execute(
        sa.select(track_status.c.track_id, track_status.c.tagged_genre_id)
        .where(
            track_status.c.tagged_genre_id.is_not(None),
            track_status.c.track_id.in_(
                sa.select(audit_sample_track.c.track_id)
                .join(decision, decision.c.track_id == audit_sample_track.c.track_id)
                .where(
                    decision.c.source == "sample",
                    decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
                    decision.c.id.not_in(undone),
                )
            ),
        )
        .order_by(track_status.c.track_id)
    ).all()
    return (
        np.array([row.track_id for row in rows], dtype=np.int64),
        np.array([row.tagged_genre_id for row in rows], dtype=np.int64),
    )
