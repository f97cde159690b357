"""Calibration curve (reliability diagram) with consistency bars."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Booleans, Floats
from catalog.db.tables import prediction, snapshot_member
from catalog.learning.dataset.snapshot import out_of_fold_members

BINS = 10
TIMES = 500


@dataclass(frozen=True, slots=True)
class Reliability:
    """A bin of tracks with similar confidence; values of 0 to 1."""

    tracks: int
    mean_probability: float
    """The mean probability of the predicted class."""
    accuracy: float
    low: float
    high: float
    """The 95 % interval of the accuracy of a perfectly calibrated model."""


def reliability(confidence: Floats, correct: Booleans) -> tuple[Reliability, ...]:
    """The curve in at most BINS bins of equal size, for the predicted classes' probabilities (n,) and hits (n,).

    The interval is a consistency bar: Bröcker and Smith, "Increasing the reliability of reliability diagrams" (2007).
    """
    order = np.argsort(confidence, kind="stable")
    generator = np.random.default_rng(0)
    rows = []
    for part in np.array_split(order, BINS):
        if not len(part):
            continue
        expected = confidence[part]
        # One draw at a time: all draws would take 400 MB for a million tracks.
        draws = [float((generator.random(len(part)) < expected).mean()) for _ in range(TIMES)]
        low, high = np.quantile(draws, [0.025, 0.975])
        rows.append(
            Reliability(
                len(part), float(expected.mean()), float(correct[part].mean()), float(low), float(high)
            )
        )
    return tuple(rows)


def stored_reliability(connection: Connection, model_row: RowMapping) -> tuple[Reliability, ...]:
    """The curve of a model's stored out-of-fold predictions; () without predictions."""
    columns = prediction.c.probability_1, prediction.c.genre_1_id, snapshot_member.c.genre_id
    members = connection.execute(out_of_fold_members(model_row, *columns)).all()
    confidence = np.array([row.probability_1 for row in members], dtype=np.float64)
    correct = np.array([row.genre_1_id == row.genre_id for row in members], dtype=np.bool_)
    return reliability(confidence, correct)
