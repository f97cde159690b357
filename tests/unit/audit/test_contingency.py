"""Scores of a contingency table: scikit-learn's own numbers, and what chance gives, against what permuting gives."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit.clusters.contingency import NOISE, cluster_agreement, contingency, singletons

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=40)


def drawn(seed: int = 0, tracks: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Genres, and clusters that know something of them."""
    random = np.random.default_rng(seed)
    genres = random.integers(0, 6, tracks)
    clusters = np.where(random.random(tracks) < 0.5, genres * 3 + 7, random.integers(0, 12, tracks))
    return genres, clusters


@given(LABELS)
def test_numbers_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    genres, clusters = np.array(pairs, np.int64).T
    found = cluster_agreement(genres, clusters)
    if len(set(genres.tolist())) < 2:
        assert found is None
        return
    assert found is not None
    assert found.adjusted_rand == pytest.approx(peer.adjusted_rand_score(genres, clusters))
    assert found.adjusted_mutual_information == pytest.approx(
        peer.adjusted_mutual_info_score(genres, clusters)
    )
    values = [found.homogeneity.value, found.completeness.value, found.v_measure.value]
    assert values == pytest.approx(peer.homogeneity_completeness_v_measure(genres, clusters))
    table = peer.cluster.contingency_matrix(genres, clusters)
    assert found.purity.value == pytest.approx(table.max(axis=0).sum() / table.sum())


def test_chance_is_what_permuted_labels_have_on_average() -> None:
    genres, clusters = drawn()
    found = cluster_agreement(genres, clusters)
    assert found is not None
    random = np.random.default_rng(9)
    dealt = [cluster_agreement(random.permutation(genres), clusters) for _ in range(200)]
    for name in ("homogeneity", "completeness", "v_measure", "purity"):
        mean = np.mean([getattr(one, name).value for one in dealt])
        assert getattr(found, name).chance == pytest.approx(mean, abs=0.01)
        assert getattr(found, name).value > getattr(found, name).chance + 0.1


def test_a_hundred_random_clusters_of_499_tracks_have_a_v_measure_of_a_quarter() -> None:
    random = np.random.default_rng(0)
    genres, clusters = random.integers(0, 10, 499), random.integers(0, 100, 499)
    found = cluster_agreement(genres, clusters)
    assert found is not None
    assert found.v_measure.chance == pytest.approx(0.26, abs=0.02)
    assert found.v_measure.value == pytest.approx(found.v_measure.chance, abs=0.02)
    assert found.adjusted_mutual_information == pytest.approx(0, abs=0.03)


def test_clusters_that_are_the_genres_score_one_and_a_single_cluster_nothing() -> None:
    genres, _ = drawn()
    same, one = cluster_agreement(genres, genres + 3), cluster_agreement(genres, np.zeros_like(genres))
    assert same is not None
    assert one is not None
    assert (same.adjusted_rand, same.adjusted_mutual_information, same.purity.value) == pytest.approx(
        (1, 1, 1)
    )
    assert (one.adjusted_rand, one.homogeneity.value, one.completeness.chance) == pytest.approx((0, 0, 1))


def test_nothing_and_one_genre_have_no_agreement() -> None:
    assert cluster_agreement(np.empty(0, np.int64), np.empty(0, np.int64)) is None
    assert cluster_agreement(np.full(5, 3), np.arange(5)) is None


def test_each_track_of_noise_becomes_a_cluster_of_its_own() -> None:
    clusters = np.array([0, NOISE, 1, NOISE, 0])
    assert singletons(clusters).tolist() == [0, 2, 1, 3, 0]
    assert clusters[1] == NOISE, "what was given is left alone"
    assert sorted(singletons(np.full(3, NOISE)).tolist()) == [0, 1, 2]


def test_thousands_of_singletons_are_pure_and_need_no_table() -> None:
    genres, _ = drawn(tracks=5_000)
    found = cluster_agreement(genres, np.arange(5_000))
    assert found is not None
    assert (found.purity.value, found.purity.chance, found.homogeneity.value) == pytest.approx((1, 1, 1))
    assert found.adjusted_mutual_information == pytest.approx(0, abs=1e-6)


@given(LABELS)
def test_the_table_counts_every_track_once(pairs: list[tuple[int, int]]) -> None:
    genres, clusters = np.array(pairs, np.int64).T
    genre_ids, numbers, table = contingency(genres, clusters)
    for genre_id, cluster in set(pairs):
        row, column = numbers.tolist().index(cluster), genre_ids.tolist().index(genre_id)
        assert table[row, column] == pairs.count((genre_id, cluster))
    assert table.sum() == len(pairs)
