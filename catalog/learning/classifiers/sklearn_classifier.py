"""A learner: a scikit-learn classifier with what is done to vectors and classes before it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.classifiers.class_balance import Balance, balanced_sample, balanced_weights
from catalog.learning.classifiers.row_space import fit_in_row_space, is_wide


class SklearnClassifier:
    """A scikit-learn classifier behind a balance of classes and, if `scaled`, a scaling of columns.

    Scaled columns have mean 0 and variance 1; with several blocks each block weighs the same, as a block of a thousand
    columns would drown one of a hundred otherwise. `at_most` names parameters of the classifier that may not exceed the
    number of tracks, and their values where there are more. Of more than `most_tracks`, if given, so many are drawn.
    `in_span` is for a linear classifier with a penalty: of few tracks and many columns it is fitted in the span of the tracks.
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
        in_span: bool = False,
        seed: int = 0,
    ) -> None:
        self.estimator = estimator
        self.balance = balance
        self.scaled = scaled
        self.blocks = blocks
        self.at_most = dict(at_most or {})
        self.most_tracks = most_tracks
        self.in_span = in_span
        self.seed = seed

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> SklearnClassifier:  # noqa: ARG002 - of no concern
        """Fits the scaling and the classifier, both on all tracks, so that no groups need keeping apart.

        Of one class, or of vectors that are all the same, what is learned is how common each class is.
        """
        drawn = self._draw(y)
        if drawn is not None:
            X, y = X[drawn], y[drawn]
        if not _can_be_told_apart(X, y):
            self._know_only_shares()
        self.estimator.set_params(**{name: min(most, len(y)) for name, most in self.at_most.items()})
        if self.scaled:
            self._fit_scaling(X)
            X = self._scale(X)
        weights = {"sample_weight": balanced_weights(y)} if self.balance == "weights" else {}
        with _bounded():
            if self.in_span and is_wide(X):
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

    def _draw(self, y: Integers) -> Integers | None:
        """Positions of the tracks to learn from, ascending; None where it is all of them."""
        drawn = balanced_sample(y, self.seed) if self.balance == "sampling" else None
        count = len(y) if drawn is None else len(drawn)
        if self.most_tracks is None or count <= self.most_tracks:
            return drawn
        few = np.sort(np.random.default_rng(self.seed).choice(count, self.most_tracks, replace=False))
        return few if drawn is None else drawn[few]

    def _know_only_shares(self) -> None:
        from sklearn.dummy import DummyClassifier

        self.estimator, self.at_most, self.in_span = DummyClassifier(strategy="prior"), {}, False

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


def block_weights(blocks: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """(blocks,): what each block's columns are multiplied by, so that variances sum to the same in all blocks."""
    widths = np.asarray(blocks, np.float64)
    weights: npt.NDArray[np.float64] = np.sqrt(widths.mean() / widths)
    return weights


def _can_be_told_apart(X: Matrix, y: Integers) -> bool:
    # Row by row, as the first two differ nearly always and a whole matrix of comparisons is large.
    return bool((y != y[0]).any()) and any(not np.array_equal(row, X[0]) for row in X)


@contextmanager
def _bounded() -> Iterator[None]:
    """A bound on iterations that was reached is a bound, no fault: it is among the parameters to be searched."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
