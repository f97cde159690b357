"""Compactness: scikit-learn's silhouette, bounded; depth from the center of a cluster to the next."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from catalog.audit.clusters import silhouette as silhouette_module
from catalog.audit.clusters.contingency import NOISE
from catalog.audit.clusters.silhouette import centrality, silhouette


def line(*places: float) -> np.ndarray:
    return np.array([[place, 0.0] for place in places], np.float32)


def test_the_silhouette_is_that_of_scikit_learn_without_noise() -> None:
    random = np.random.default_rng(0)
    points = random.normal(0, 1, (60, 4)).astype(np.float32)
    clusters = random.integers(0, 3, 60)
    assert silhouette(points, clusters) == pytest.approx(silhouette_score(points, clusters), abs=1e-6)
    clusters[:10] = NOISE
    assert silhouette(points, clusters) == pytest.approx(
        silhouette_score(points[10:], clusters[10:]), abs=1e-6
    )


def test_of_many_tracks_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    clusters = random.integers(0, 3, 900)
    points = (np.eye(3, 4)[clusters] * 3 + random.normal(0, 1, (900, 4))).astype(np.float32)
    whole = silhouette(points, clusters)
    monkeypatch.setattr(silhouette_module, "SAMPLE", 300)
    part = silhouette(points, clusters, seed=1)
    assert whole is not None
    assert part is not None
    assert part == pytest.approx(whole, abs=0.05)
    assert part != whole
    assert part == silhouette(points, clusters, seed=1)


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2], [NOISE, NOISE, NOISE], [0, 0, NOISE]])
def test_without_two_clusters_or_with_one_a_track_there_is_none(clusters: list[int]) -> None:
    assert silhouette(line(0, 1, 5), np.array(clusters)) is None


def test_depth_is_one_at_the_center_nothing_halfway_and_less_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette_module, "CHUNK", 3)
    # Centers lie at 0 and at 10.
    points = line(0, 0, -8, 8, 10, 10, 99)
    found = centrality(points, np.array([0, 0, 0, 0, 1, 1, NOISE]))
    assert found[:2].tolist() == [1, 1]
    assert found[3] == pytest.approx((2 - 8) / 8)
    assert found[2] == pytest.approx((18 - 8) / 18)
    assert np.isnan(found[6])
    assert found[4:6].tolist() == [1, 1]


def test_depth_is_not_known_with_one_cluster_or_none() -> None:
    for clusters in ([0, 0, NOISE], [NOISE, NOISE, NOISE]):
        assert np.isnan(centrality(line(0, 1, 2), np.array(clusters))).all()


def test_clusters_in_the_same_place_have_no_depth() -> None:
    assert centrality(line(1, 1, 1, 1), np.array([0, 0, 1, 1])).tolist() == [0, 0, 0, 0]
