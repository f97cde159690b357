"""How well two genres are told apart, with groups drawn anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from catalog.learning.metrics.pairwise_auc import pairwise_auc


def probabilities(shares: np.ndarray) -> np.ndarray:
    """(times, n, 3) of which the first two have these shares (times, n), and the third takes half."""
    return np.stack([shares / 2, (1 - shares) / 2, np.full(shares.shape, 0.5)], axis=2)


@given(seed=st.integers(0, 2**16), times=st.integers(1, 3), ties=st.booleans())
def test_the_area_is_that_of_mann_and_whitney(seed: int, times: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    y = np.concatenate([[0, 1], random.integers(0, 3, 28)])
    group = np.unique(random.integers(0, 8, 30), return_inverse=True)[1]
    shares = random.integers(0, 5, (times, 30)) / 4 if ties else random.random((times, 30))
    found = pairwise_auc(y, group, probabilities(shares), 0, 1)
    expected = [
        mannwhitneyu(row[y == 0], row[y == 1]).statistic / ((y == 0).sum() * (y == 1).sum()) for row in shares
    ]
    assert found.area == pytest.approx(np.mean(expected))
    assert found.drawn(np.ones((1, int(group.max()) + 1)))[0] == pytest.approx(found.area)


def test_a_draw_is_the_area_of_the_tracks_that_were_drawn() -> None:
    random = np.random.default_rng(1)
    y, group = np.repeat([0, 1], 12), np.repeat(np.arange(8), 3)
    shares = random.random((2, 24))
    weights = np.array([[2, 0, 1, 1, 0, 3, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0]], dtype=np.float64)
    again = np.repeat(np.arange(24), weights[0].astype(int)[group])
    drawn = pairwise_auc(y, group, probabilities(shares), 0, 1).drawn(weights)
    expected = pairwise_auc(y[again], group[again], probabilities(shares[:, again]), 0, 1).area
    assert drawn[0] == pytest.approx(expected)
    assert np.isnan(drawn[1]), "a genre that was not drawn cannot be told from another"
