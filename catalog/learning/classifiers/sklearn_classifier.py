"""Adapter of scikit-learn classifiers: class balance, scaling, and limits by the number of tracks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.classifiers.class_balance import Balance, balanced_sample, balanced_weights

TIMES_WIDER = 3
MOST_TRACKS = 500
"""The row space saves time only with few tracks and many more dimensions, because finding it takes cubic time: at 3,710
dimensions 300 tracks are fitted in a fifth of the time, 600 in half, 900 in the same time."""
LEAST = 1e-10
"""Directions with less than this share of the largest variance are rounding errors."""


class SklearnClassifier:
    """A scikit-learn classifier with class balance and, if `scaled`, scaling of columns.

    Scaled columns have mean 0 and variance 1; with several blocks each block has the same total variance, because a
    block of a thousand columns would outweigh one of a hundred otherwise. `at_most` holds parameters of the classifier
    that may not exceed the number of tracks. If there are more than `most_tracks`, this number is drawn at random.
    `in_row_space` is for a linear classifier with an L2 penalty: with few tracks and many columns it is fitted in the
    row space.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        balance: Balance = "none",
        scaled: bool = True,
        blocks: tuple[int, ...] = (),
        at_most: Mapping[str, int] | None = None,
        most_tracks: int | None = None,
        in_row_space: bool = False,
        seed: int = 0,
    ) -> None:
        self.estimator = estimator
        self.balance = balance
        self.scaled = scaled
        self.blocks = blocks
        self.at_most = dict(at_most or {})
        self.most_tracks = most_tracks
        self.in_row_space = in_row_space
        self.seed = seed

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> SklearnClassifier:  # noqa: ARG002 - not used
        """Fits the scaling and the classifier on all tracks; `groups` is not used.

        With one class, or with identical vectors, the classifier predicts the shares of the classes.
        """
        sample = self._sample(y)
        if sample is not None:
            X, y = X[sample], y[sample]
        if not _is_separable(X, y):
            self._use_prior()
        self.estimator.set_params(**{name: min(most, len(y)) for name, most in self.at_most.items()})
        if self.scaled:
            self._fit_scaling(X)
            X = self._scale(X)
        weights = {"sample_weight": balanced_weights(y)} if self.balance == "weights" else {}
        with _ignore_convergence():
            if self.in_row_space and is_wide(X):
                fit_in_row_space(self.estimator, X, y, weights)
            else:
                self.estimator.fit(X, y, **weights)
        self.classes_: Integers = self.estimator.classes_
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        if self.scaled:
            X = self._scale(X)
        return np.asarray(self.estimator.predict_proba(X), np.float64)

    def _sample(self, y: Integers) -> Integers | None:
        """Positions of the training tracks, ascending; None for all of them."""
        balanced = balanced_sample(y, self.seed) if self.balance == "sampling" else None
        count = len(y) if balanced is None else len(balanced)
        if self.most_tracks is None or count <= self.most_tracks:
            return balanced
        kept = np.sort(np.random.default_rng(self.seed).choice(count, self.most_tracks, replace=False))
        return kept if balanced is None else balanced[kept]

    def _use_prior(self) -> None:
        from sklearn.dummy import DummyClassifier

        self.estimator, self.at_most, self.in_row_space = DummyClassifier(strategy="prior"), {}, False

    def _fit_scaling(self, X: Matrix) -> None:
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X)
        scale = scaler.scale_
        if self.blocks:
            scale = scale / np.repeat(block_weights(self.blocks), self.blocks)
        self.center = scaler.mean_.astype(X.dtype)
        self.factor = (1 / scale).astype(X.dtype)

    def _scale(self, X: Matrix) -> Matrix:
        scaled: Matrix = X - self.center
        scaled *= self.factor
        return scaled


def block_weights(blocks: tuple[int, ...]) -> Floats:
    """(blocks,): the factor of each block's columns that gives all blocks the same total variance."""
    widths = np.asarray(blocks, np.float64)
    weights: Floats = np.sqrt(widths.mean() / widths)
    return weights


def _is_separable(X: Matrix, y: Integers) -> bool:
    # Row by row: the first two rows nearly always differ, and comparing the whole matrix takes memory.
    return bool((y != y[0]).any()) and any(not np.array_equal(row, X[0]) for row in X)


@contextmanager
def _ignore_convergence() -> Iterator[None]:
    """Suppresses the warning that the maximum number of iterations was reached: that number is a parameter."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


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
