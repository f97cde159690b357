"""Two cluster runs beside each other: whether they divide the tracks alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sqlalchemy import Connection

from catalog.audit.clusters.cluster_run import Run, load_assignments, read_run
from catalog.audit.clusters.contingency import singletons


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs; 1 where both divide the tracks that they share in the same way, 0 on average by chance."""

    one: Run
    other: Run
    tracks: int
    """In both."""
    adjusted_rand: float | None
    """None where no track is in both."""
    adjusted_mutual_information: float | None


def compare_runs(connection: Connection, one: int, other: int) -> Comparison:
    """Both runs, whose tracks of noise are each a cluster of their own. Raises UnknownClusterRunError."""
    runs = read_run(connection, one), read_run(connection, other)
    left, right = load_assignments(connection, one), load_assignments(connection, other)
    common = np.intersect1d(left.track_ids, right.track_ids, assume_unique=True)
    if not len(common):
        return Comparison(*runs, 0, None, None)
    left_clusters, right_clusters = (
        singletons(left.of(common).clusters),
        singletons(right.of(common).clusters),
    )
    return Comparison(
        *runs,
        tracks=len(common),
        adjusted_rand=float(adjusted_rand_score(left_clusters, right_clusters)),
        adjusted_mutual_information=float(adjusted_mutual_info_score(left_clusters, right_clusters)),
    )
