"""Intervals of shares: those of the literature for equal weights, with the stated coverage for unequal ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from catalog.review.audit_sample.weighted_share import number_among, weighted_share


@pytest.mark.parametrize(("hits", "of"), [(0, 30), (3, 30), (30, 30), (50, 200)])
def test_equal_weights_give_clopper_and_pearsons(hits: int, of: int) -> None:
    found = weighted_share([1.0] * hits + [0.0] * (of - hits), [7.0] * of)
    expected = binomtest(hits, of).proportion_ci(method="exact")
    assert found is not None
    assert (found.value, found.tracks) == pytest.approx((hits / of, of))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_nothing_says_nothing() -> None:
    assert weighted_share([], []) is None


def test_a_stratified_sample_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    strata = ((5_000, 0.02, 60), (800, 0.3, 30), (200, 0.6, 20))  # tracks, share of wrong ones, drawn
    truth = sum(tracks * share for tracks, share, _ in strata) / sum(tracks for tracks, _, _ in strata)
    covered = 0
    for _ in range(400):
        hits, weights = [], []
        for tracks, share, drawn in strata:
            hits += (random.random(drawn) < share).astype(float).tolist()
            weights += [tracks / drawn] * drawn
        found = weighted_share(hits, weights)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered >= 0.93 * 400


def test_of_two_tracks_none_or_both_may_be_hit() -> None:
    half = weighted_share([1.0, 0.0] * 50, [1.0] * 100)
    assert half is not None
    assert number_among(half, 2) == (0, 2)
    assert number_among(half, 0) == (0, 0)


def test_a_number_lies_within_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        wrong = random.uniform(0.02, 0.9)
        share = weighted_share((random.random(40) < wrong).astype(float).tolist(), [1.0] * 40)
        assert share is not None
        low, high = number_among(share, 60)
        covered += low <= random.binomial(60, wrong) <= high
    assert binom.cdf(covered, 400, 0.95) > 0.001, covered
