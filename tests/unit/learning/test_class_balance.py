"""Class balance by weights and by sampling."""

import numpy as np
import pytest

from catalog.learning.classifiers.class_balance import balanced_sample, balanced_weights


def test_weights_give_every_class_the_same_total():
    y = np.repeat([0, 3, 4], [6, 3, 1])
    weights = balanced_weights(y)
    assert [weights[y == number].sum() for number in (0, 3, 4)] == pytest.approx([10 / 3] * 3)


def test_a_balanced_sample_uses_the_tracks_of_a_class_equally_often():
    y = np.repeat([0, 3, 4], [60, 25, 5])
    sample = balanced_sample(y, 1)
    assert np.bincount(y[sample]).tolist() == [30, 0, 0, 30, 30]
    counts = np.bincount(sample, minlength=90)
    assert {(y[at], count) for at, count in enumerate(counts)} == {(0, 0), (0, 1), (3, 1), (3, 2), (4, 6)}
    assert np.array_equal(sample, balanced_sample(y, 1))
    assert not np.array_equal(sample, balanced_sample(y, 2))
