"""Every algorithm on blobs that are known, on sizes above its bound, and on points that coincide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from catalog.audit.clusters import cluster_algorithms
from catalog.audit.clusters.cluster_algorithms import ALGORITHMS, cluster, numbers_worth_trying
from catalog.audit.clusters.contingency import NOISE


def blobs(
    each: int = 40, number: int = 4, dimensions: int = 6, spread: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Points around `number` corners, ten times as far apart as they are wide."""
    random = np.random.default_rng(2)
    truth = np.repeat(np.arange(number), each)
    centers = 3.0 * np.eye(number, dimensions)
    points = centers[truth] + random.normal(0, spread, (len(truth), dimensions))
    return points.astype(np.float32), truth


@pytest.mark.parametrize("name", ALGORITHMS)
def test_separate_blobs_are_found_and_their_number_too(name: str) -> None:
    points, truth = blobs()
    found = cluster(name, points, numbers_worth_trying(4, len(points)))
    assert found.clusters == 4
    assert adjusted_rand_score(truth, found.assignments) > 0.95
    assert found.chosen_by == {"gaussian_mixture": "bic", "hdbscan": "density"}.get(name, "silhouette")


@pytest.mark.parametrize("name", ["kmeans", "gaussian_mixture", "agglomerative"])
def test_a_number_that_is_given_is_taken(name: str) -> None:
    points, _ = blobs()
    found = cluster(name, points, (7,))
    assert (found.clusters, found.chosen_by) == (7, "given")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_same_seed_gives_the_same_clusters_numbered_from_the_largest(name: str) -> None:
    points, _ = blobs(spread=1.2)
    points = points[: len(points) - 15]
    first, second = (cluster(name, points, (3, 4, 5), seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.assignments, second.assignments)
    sizes = np.bincount(first.assignments[first.assignments != NOISE])
    assert (np.diff(sizes) <= 0).all()


def test_k_means_and_ward_are_those_of_the_libraries() -> None:
    points, _ = blobs(spread=1.5)
    theirs = KMeans(5, n_init=10, random_state=3).fit_predict(points)
    assert adjusted_rand_score(theirs, cluster("kmeans", points, (5,), seed=3).assignments) == 1
    theirs = fcluster(linkage(points, "ward"), 5, "maxclust")
    assert adjusted_rand_score(theirs, cluster("agglomerative", points, (5,)).assignments) == 1


def test_a_mixture_takes_the_number_of_the_least_bic() -> None:
    points, _ = blobs(spread=1.0)
    scale = np.sqrt(points.var(axis=0, dtype=np.float64).max())
    fitted = [
        GaussianMixture(k, covariance_type="diag", random_state=0, reg_covar=1e-3).fit(points / scale)
        for k in (2, 4, 8)
    ]
    best = min(fitted, key=lambda one: one.bic(points / scale))
    assert cluster("gaussian_mixture", points, (2, 4, 8)).parameters["clusters"] == best.n_components


def test_hdbscan_leaves_out_what_lies_alone() -> None:
    points, _ = blobs()
    lonely = np.array([[9, 9, 9, 9, 9, 9], [-9, 9, -9, 9, -9, 9]], np.float32)
    found = cluster("hdbscan", np.vstack([points, lonely]), ())
    assert (found.assignments[-2:] == NOISE).all()
    assert found.clusters == 4


@pytest.mark.parametrize("name", ALGORITHMS)
def test_above_its_bound_a_part_or_batches_stand_for_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_algorithms, "LARGE", 150)
    monkeypatch.setattr(cluster_algorithms, "CENTROIDS", 30)
    monkeypatch.setattr(cluster_algorithms, "CHOSEN_ON", 120)
    points, truth = blobs(each=120)
    found = cluster(name, points, (2, 4, 6))
    assert len(found.assignments) == len(points)
    assert adjusted_rand_score(truth, found.assignments) > 0.9
    bound = {"kmeans": ("batch", 4_096), "agglomerative": ("centroids", 30)}.get(name, ("fitted_to", 150))
    assert found.parameters[bound[0]] == bound[1]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_points_that_coincide_are_one_cluster_or_noise(name: str) -> None:
    found = cluster(name, np.ones((30, 3), np.float32), (2, 3, 4))
    assert found.clusters <= 2
    assert len(found.assignments) == 30


@pytest.mark.parametrize(
    ("genres", "tracks", "least", "most"),
    [(10, 1_000, 5, 20), (0, 1_000, 2, 32), (10, 30, 5, 6), (40, 4, 2, 2)],
)
def test_numbers_worth_trying_surround_the_genres_and_fit_the_tracks(
    genres: int, tracks: int, least: int, most: int
) -> None:
    numbers = numbers_worth_trying(genres, tracks)
    assert (numbers[0], numbers[-1]) == (least, most)
    assert list(numbers) == sorted(set(numbers))
