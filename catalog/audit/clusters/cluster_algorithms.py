"""Clustering algorithms by name, with a given or chosen number of clusters."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture

from catalog.arrays import Float32, Floats, Integers
from catalog.audit.clusters.contingency import NOISE
from catalog.audit.clusters.silhouette import silhouette

LARGE = 20_000
"""Above this number of tracks, mini-batches, samples or centroids are used."""
CHOSEN_ON = 5_000
"""Random tracks on which the number of clusters is chosen."""
CENTROIDS = 500
"""Centroids of k-means that the agglomerative algorithm merges if there are too many tracks."""
BATCH = 4_096
CHUNK = 50_000
"""Points whose probabilities are in memory together."""
SMALLEST_SHARE, SMALLEST = 100, 5
"""HDBSCAN's smallest cluster: a hundredth of the tracks, at least five."""
DENSE_COMPONENTS, DENSE_NEIGHBORS = 10, 2
"""Dimensions and neighbors of HDBSCAN's density. With fifty dimensions and five neighbors nine of ten real tracks were
noise; with these a fifth to two thirds."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """The clusters of n points."""

    assignments: Integers
    """(n,): cluster numbers, 0 is the largest; NOISE for points in no cluster."""
    chosen_by: str
    """Origin of the number of clusters: `given`, `silhouette`, `bic`, `density`."""
    parameters: Mapping[str, Any]

    @property
    def clusters(self) -> int:
        return int(self.assignments.max(initial=NOISE)) + 1


Algorithm = Callable[[Float32, Sequence[int], int], Clustering]


def cluster(name: str, points: Float32, numbers: Sequence[int], *, seed: int = 0) -> Clustering:
    """Clusters points (n, k) by an algorithm of ALGORITHMS into one of these numbers of clusters.

    The algorithm chooses among several numbers; HDBSCAN ignores them. There are fewer clusters if points coincide.
    KeyError for an unknown name.
    """
    with warnings.catch_warnings():
        # Coinciding points, or a mixture without convergence: both show in the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        clustering = ALGORITHMS[name](points, numbers, seed)
    return Clustering(_by_size(clustering.assignments), clustering.chosen_by, clustering.parameters)


def numbers_worth_trying(genres: int, tracks: int) -> tuple[int, ...]:
    """Numbers of clusters to choose from: from half to twice the number of genres, in equal ratios; 2 to 32 without
    genres.

    Without this range a silhouette mostly prefers two clusters, loud and soft, which do not separate ten genres.
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
    def fit(part: Floats, number: int) -> GaussianMixture:
        # Principal components are uncorrelated over all tracks; full covariances of 50 dimensions need thousands each.
        mixture = GaussianMixture(number, covariance_type="diag", random_state=seed, reg_covar=1e-3)
        return mixture.fit(part)

    # One scale, so that the constant added to every variance has the same effect in every feature set.
    scale = float(np.sqrt(points.var(axis=0, dtype=np.float64).max())) or 1.0
    number = numbers[0]
    if len(numbers) > 1:
        sample = _sample(points, CHOSEN_ON, seed).astype(np.float64) / scale
        number = min(numbers, key=lambda each: float(fit(sample, each).bic(sample)))
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
    fitted = HDBSCAN(smallest, min_samples=DENSE_NEIGHBORS, algorithm="kd_tree", copy=True, n_jobs=1)
    within = np.asarray(fitted.fit_predict(part), np.int64)
    # HDBSCAN does not predict: every other point joins the cluster of its nearest fitted point.
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
"""Every algorithm, a function of points (n, k), numbers of clusters, and a seed."""
FINDS_ITS_NUMBER = frozenset({"hdbscan"})
"""Algorithms that take no number of clusters."""


def _chosen(
    points: Float32, numbers: Sequence[int], seed: int, divide: Callable[[Float32, int], Integers]
) -> int:
    """The number with the largest silhouette, on a sample of the points."""
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
    """The assignments with clusters numbered from the largest."""
    numbers, sizes = np.unique(assignments[assignments != NOISE], return_counts=True)
    number = np.full(int(numbers.max(initial=0)) + 2, NOISE, np.int64)
    number[numbers[np.argsort(-sizes, kind="stable")]] = np.arange(len(numbers))
    return number[assignments]
