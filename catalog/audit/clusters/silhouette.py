"""Silhouette of clusters on a bounded sample, and centrality of tracks in their clusters."""

import numpy as np
from sklearn.metrics import pairwise_distances, silhouette_score

from catalog.arrays import Float32, Integers
from catalog.audit.clusters.contingency import NOISE

SAMPLE = 2_000
"""Tracks with all pairwise distances."""
CHUNK = 50_000
"""Points whose distances to all centers are in memory together."""


def silhouette(points: Float32, assignments: Integers, *, seed: int = 0) -> float | None:
    """The mean silhouette, -1 to 1, of the clustered points, or of SAMPLE random ones.

    Rousseeuw, "Silhouettes" (1987). None if the sample has one cluster only, or a cluster for each point.
    """
    rows = np.flatnonzero(assignments != NOISE)
    if len(rows) > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))
    clusters = len(np.unique(assignments[rows]))
    if not 2 <= clusters < len(rows):
        return None
    return float(silhouette_score(points[rows], assignments[rows], n_jobs=1))


def centrality(points: Float32, assignments: Integers) -> Float32:
    """(n,): centrality of each point in its cluster: 1 at its center, 0 halfway to the next center, negative beyond.

    The silhouette with distances to centers instead of all points (Hruschka, de Castro and Campello 2004). NaN for
    noise, and everywhere with fewer than two clusters.
    """
    depth = np.full(len(points), np.nan, np.float32)
    number = int(assignments.max(initial=NOISE)) + 1
    if number < 2:
        return depth
    centers = np.stack([points[assignments == each].mean(axis=0) for each in range(number)])
    inside = np.flatnonzero(assignments != NOISE)
    for start in range(0, len(inside), CHUNK):
        rows = inside[start : start + CHUNK]
        distance = pairwise_distances(points[rows], centers, n_jobs=1)
        at = (np.arange(len(rows)), assignments[rows])
        own = distance[at].copy()
        distance[at] = np.inf
        other = distance.min(axis=1, initial=np.inf)
        longer = np.maximum(own, other)
        depth[rows] = np.where(longer > 0, (other - own) / np.where(longer > 0, longer, 1), 0)
    return depth
