"""The calibration curve of a model: how often it is right where it is so sure, beside what chance alone does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.tables import prediction, snapshot_member

BINS = 10
TIMES = 500


@dataclass(frozen=True, slots=True)
class Reliability:
    """Tracks of about the same probability; shares of 0 to 1."""

    tracks: int
    said: float
    """The mean probability of the first choice."""
    right: float
    """How often it was right."""
    low: float
    high: float
    """The middle 95 % of how often a perfectly calibrated model would be right, by chance alone."""


def reliability(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], *, bins: int = BINS, seed: int = 0
) -> tuple[Reliability, ...]:
    """The curve in at most `bins` bins of equally many tracks, for first choices' probabilities (n,) and hits (n,).

    The band is a consistency bar: Bröcker and Smith, "Increasing the reliability of reliability diagrams" (2007).
    """
    order = np.argsort(confidence, kind="stable")
    generator = np.random.default_rng(seed)
    rows = []
    for part in np.array_split(order, bins):
        if not len(part):
            continue
        sure = confidence[part]
        # One at a time: all at once would be 400 MB for a million tracks.
        drawn = [float((generator.random(len(part)) < sure).mean()) for _ in range(TIMES)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        rows.append(
            Reliability(len(part), float(sure.mean()), float(right[part].mean()), float(low), float(high))
        )
    return tuple(rows)


def stored_reliability(connection: Connection, row: RowMapping) -> tuple[Reliability, ...]:
    """The curve of a model's stored out-of-fold predictions; () for one without any."""
    members = connection.execute(
        sa.select(prediction.c.probability_1, prediction.c.genre_1_id, snapshot_member.c.genre_id)
        .join_from(
            snapshot_member,
            prediction,
            sa.and_(
                prediction.c.track_id == snapshot_member.c.track_id,
                prediction.c.model_id == row["id"],
                prediction.c.fold.is_not(None),
            ),
        )
        .where(snapshot_member.c.snapshot_id == row["snapshot_id"])
        .order_by(snapshot_member.c.track_id)
    ).all()
    confidence = np.array([one.probability_1 for one in members], dtype=np.float64)
    right = np.array([one.genre_1_id == one.genre_id for one in members], dtype=np.bool_)
    return reliability(confidence, right)
