"""Fitting a penalized linear classifier in the row space of X, which is faster for few long vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from catalog.arrays import Integers, Matrix

TIMES_WIDER = 3
MOST_TRACKS = 500
"""The row space saves time only with few tracks and many more dimensions, because finding it takes cubic time: at 3,710
dimensions 300 tracks are fitted in a fifth of the time, 600 in half, 900 in the same time."""
LEAST = 1e-10
"""Directions with less than this share of the largest variance are rounding errors."""


def is_wide(X: Matrix) -> bool:
    """Whether fitting in the row space of X (n, dimensions) saves time."""
    tracks, dimensions = X.shape
    return bool(tracks <= MOST_TRACKS and tracks * TIMES_WIDER <= dimensions)


def fit_in_row_space(estimator: Any, X: Matrix, y: Integers, weights: Mapping[str, Any]) -> None:
    """Fits a linear classifier with an L2 penalty on its coefficients; the result is the same as on X itself.

    A component orthogonal to all n tracks increases only the norm, so the best coefficients lie in the row space of X
    (Kimeldorf and Wahba, "Some results on Tchebycheffian spline functions", 1971): n coordinates in an orthonormal
    basis of it are equivalent to all dimensions. `coef_` is returned with one number per dimension of X.
    """
    vectors = X.astype(np.float64)
    variance, directions = np.linalg.eigh(vectors @ vectors.T)
    kept = variance > LEAST * variance[-1]
    length = np.sqrt(variance[kept])
    estimator.fit(directions[:, kept] * length, y, **weights)
    basis = (directions[:, kept] / length).T @ vectors
    estimator.coef_ = (estimator.coef_ @ basis).astype(X.dtype)
    estimator.intercept_ = estimator.intercept_.astype(X.dtype)
    estimator.n_features_in_ = X.shape[1]
