"""Clustering by name: each algorithm divides points among clusters, or among a number of clusters that it chooses."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture

from catalog.arrays import Float32, Integers
from catalog.audit.clusters.contingency import NOISE
from catalog.audit.clusters.silhouette import silhouette

LARGE = 20_000
"""More tracks than this are clustered by mini-batches, by a sample, or by way of centroids."""
CHOSEN_ON = 5_000
"""Tracks, evenly drawn, on which the number of clusters is chosen."""
CENTROIDS = 500
"""Of k-means, which the agglomerative algorithm joins where there are too many tracks."""
BATCH = 4_096
CHUNK = 50_000
"""Points whose probabilities are held at once."""
SMALLEST_SHARE, SMALLEST = 100, 5
"""HDBSCAN's smallest cluster: a hundredth of the tracks, at least five."""
DENSE_COMPONENTS, DENSE_NEIGHBORS = 10, 2
"""What HDBSCAN measures density by: in fifty dimensions and with five neighbors nine of ten real tracks were noise, so
a fifth to two thirds."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """What became of n points."""

    assignments: Integers
    """(n,): the cluster of each, 0 being the largest; NOISE where it belongs to none."""
    chosen_by: str
    """How the number of clusters came about: `given`, `silhouette`, `bic`, `density`."""
    parameters: Mapping[str, Any]

    @property
    def clusters(self) -> int:
        return int(self.assignments.max(initial=NOISE)) + 1


Algorithm = Callable[[Float32, Sequence[int], int], Clustering]


def cluster(name: str, points: Float32, numbers: Sequence[int], *, seed: int = 0) -> Clustering:
    """Divides points (n, k) by an algorithm of ALGORITHMS among one of these numbers of clusters.

    With several numbers the algorithm chooses; HDBSCAN looks at none of them. Fewer clusters come out where points
    coincide. KeyError for an unknown name.
    """
    with warnings.catch_warnings():
        # Points that coincide, or a mixture still moving after its last round: both are seen in the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = ALGORITHMS[name](points, numbers, seed)
    return Clustering(_by_size(found.assignments), found.chosen_by, found.parameters)


def numbers_worth_trying(genres: int, tracks: int) -> tuple[int, ...]:
    """Numbers of clusters to choose among: from half the genres to twice as many, in equal ratios; 2 to 32 without.

    Left alone a silhouette mostly prefers two clusters, loud and soft, which tells ten genres nothing.
    """
    least, most = (max(2, genres // 2), max(4, 2 * genres)) if genres else (2, 32)
    most = min(most, max(2, tracks // SMALLEST))
    least = min(least, most)
    return tuple(int(number) for number in np.unique(np.geomspace(least, most, 8).round()))


def _k_means(points: Float32, numbers: Sequence[int], seed: int) -> Clustering:
    def divide(part: Float32, number: int) -> Integers:
        return _fit_k_means(part, number, seed, starts=3)

    number = _chosen(points, numbers, seed, divide)
    is_large = len(points) > LARGE
    starts = 3 if is_large else 10
    parameters = {"clusters": number, "starts": starts, "batch": BATCH if is_large else None}
    return Clustering(_fit_k_means(points, number, seed, starts), _reason(numbers, "silhouette"), parameters)


def _fit_k_means(points: Float32, number: int, seed: int, starts: int) -> Integers:
    if len(points) > LARGE:
        fitted = MiniBatchKMeans(number, n_init=starts, batch_size=BATCH, random_state=seed)
    else:
        fitted = KMeans(number, n_init=starts, random_state=seed)
    return np.asarray(fitted.fit_predict(points), np.int64)


def _gaussian_mixture(points: Float32, numbers: Sequence[int], seed: int) -> Clustering:
    def fit(part: npt.NDArray[np.float64], number: int) -> GaussianMixture:
        # Principal components are uncorrelated over all tracks; full covariances of 50 dimensions need thousands each.
        mixture = GaussianMixture(number, covariance_type="diag", random_state=seed, reg_covar=1e-3)
        return mixture.fit(part)

    # On one scale, so that what is added to every variance means the same in every feature set.
    scale = float(np.sqrt(points.var(axis=0, dtype=np.float64).max())) or 1.0
    number = numbers[0]
    if len(numbers) > 1:
        few = _sample(points, CHOSEN_ON, seed).astype(np.float64) / scale
        number = min(numbers, key=lambda each: float(fit(few, each).bic(few)))
    fitted = fit(_sample(points, LARGE, seed).astype(np.float64) / scale, number)
    assignments = np.empty(len(points), np.int64)
    for start in range(0, len(points), CHUNK):
        part = points[start : start + CHUNK].astype(np.float64) / scale
        assignments[start : start + len(part)] = fitted.predict(part)
    parameters = {
        "clusters": number,
        "covariance": "diagonal",
        "fitted_to": min(len(points), LARGE),
        "converged": bool(fitted.converged_),
    }
    return Clustering(assignments, _reason(numbers, "bic"), parameters)


def _hdbscan(points: Float32, _numbers: Sequence[int], seed: int) -> Clustering:
    rows = _rows(len(points), LARGE, seed)
    points = points[:, :DENSE_COMPONENTS]
    part = points[rows]
    smallest = max(SMALLEST, len(part) // SMALLEST_SHARE)
    found = HDBSCAN(smallest, min_samples=DENSE_NEIGHBORS, algorithm="kd_tree", copy=True)
    within = np.asarray(found.fit_predict(part), np.int64)
    # It has no rule for points that it was not fitted to: each goes where its nearest neighbor among the others is.
    assignments = within
    if len(part) < len(points):
        assignments = within[pairwise_distances_argmin(points, part)]
    parameters = {
        "smallest": smallest,
        "neighbors": DENSE_NEIGHBORS,
        "of_components": points.shape[1],
        "fitted_to": len(part),
    }
    return Clustering(assignments, "density", parameters)


def _agglomerative(points: Float32, numbers: Sequence[int], seed: int) -> Clustering:
    is_large = len(points) > LARGE
    nodes, place = points, np.arange(len(points))
    if is_large:
        fitted = MiniBatchKMeans(CENTROIDS, n_init=1, batch_size=BATCH, random_state=seed).fit(points)
        nodes, place = fitted.cluster_centers_, fitted.labels_
    tree = linkage(nodes, "ward")

    def cut(number: int) -> Integers:
        return np.asarray(fcluster(tree, number, "maxclust"), np.int64)[place] - 1

    number = numbers[0]
    if len(numbers) > 1:
        rows = _rows(len(points), CHOSEN_ON, seed)
        number = _best(numbers, [silhouette(points[rows], cut(each)[rows], seed=seed) for each in numbers])
    parameters = {"clusters": number, "linkage": "ward", "centroids": CENTROIDS if is_large else None}
    return Clustering(cut(number), _reason(numbers, "silhouette"), parameters)


ALGORITHMS: Mapping[str, Algorithm] = {
    "kmeans": _k_means,
    "gaussian_mixture": _gaussian_mixture,
    "hdbscan": _hdbscan,
    "agglomerative": _agglomerative,
}
"""Every algorithm: of points (n, k), numbers of clusters to choose among, and a seed."""
FINDS_ITS_NUMBER = frozenset({"hdbscan"})
"""Algorithms that cannot be given a number of clusters."""


def _chosen(
    points: Float32, numbers: Sequence[int], seed: int, divide: Callable[[Float32, int], Integers]
) -> int:
    """The number whose clusters have the largest silhouette, on some of the points."""
    if len(numbers) == 1:
        return numbers[0]
    part = _sample(points, CHOSEN_ON, seed)
    return _best(numbers, [silhouette(part, divide(part, number), seed=seed) for number in numbers])


def _best(numbers: Sequence[int], values: Sequence[float | None]) -> int:
    """The number with the largest value; the first of those that are equal."""
    scored = [-1.0 if value is None else value for value in values]
    return numbers[int(np.argmax(scored))]


def _reason(numbers: Sequence[int], otherwise: str) -> str:
    return "given" if len(numbers) == 1 else otherwise


def _rows(points: int, most: int, seed: int) -> Integers:
    if points <= most:
        return np.arange(points)
    return np.sort(np.random.default_rng(seed).choice(points, most, replace=False))


def _sample(points: Float32, most: int, seed: int) -> Float32:
    return points if len(points) <= most else points[_rows(len(points), most, seed)]


def _by_size(assignments: Integers) -> Integers:
    """The clusters numbered from the largest."""
    found, sizes = np.unique(assignments[assignments != NOISE], return_counts=True)
    number = np.full(int(found.max(initial=0)) + 2, NOISE, np.int64)
    number[found[np.argsort(-sizes, kind="stable")]] = np.arange(len(found))
    return number[assignments]
