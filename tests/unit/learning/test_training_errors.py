"""Vectors that are not finite."""

import numpy as np
import pytest

from catalog.learning.dataset.feature_matrix import NotFiniteError, require_finite


def test_vectors_that_are_not_finite_are_counted_and_the_first_is_named():
    X = np.zeros((4, 3), np.float32)
    require_finite(X)
    X[1, 0], X[3, 2] = np.nan, np.inf
    with pytest.raises(NotFiniteError, match="2 vectors of blobs hold numbers that are not finite") as raised:
        require_finite(X, ["blobs"], np.array([5, 6, 7, 8]))
    assert "the first that of track 6" in str(raised.value)
