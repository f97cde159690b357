"""Agreement of two cluster runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sqlalchemy import Connection

from catalog.audit.clusters.cluster_run import Run, load_assignments, read_run
from catalog.audit.clusters.contingency import singletons


@dataclass(frozen=True, slots=True)
class Comparison:
    """Agreement on the common tracks: 1 for identical clusters, 0 on average by chance."""

    one: Run
    other: Run
    tracks: int
    """Common tracks."""
    adjusted_rand: float | None
    """None without common tracks."""
    adjusted_mutual_information: float | None


def compare_runs(connection: Connection, one: int, other: int) -> Comparison:
    """Compares two runs; every noise track is a cluster of its own. Raises UnknownClusterRunError."""
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
