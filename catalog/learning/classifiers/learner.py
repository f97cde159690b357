"""A learner: a scikit-learn classifier with what is done to vectors and classes before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.learning.classifiers.algorithm import Floats, Integers, Matrix
from catalog.learning.classifiers.balance import Balance, balanced_sample, balanced_weights


class Learner:
    """A scikit-learn classifier behind a balance of classes and, if `scaled`, a scaling of columns.

    Scaled columns have mean 0 and variance 1; with several blocks each block weighs the same, as a block of a thousand
    columns would drown one of a hundred otherwise.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        balance: Balance = "none",
        scaled: bool = True,
        blocks: tuple[int, ...] = (),
        seed: int = 0,
    ) -> None:
        self.estimator = estimator
        self.balance = balance
        self.scaled = scaled
        self.blocks = blocks
        self.seed = seed

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> Learner:  # noqa: ARG002 - of no concern
        """Fits the scaling and the classifier, both on all tracks, so that no groups need keeping apart."""
        if self.balance == "sampling":
            drawn = balanced_sample(y, self.seed)
            X, y = X[drawn], y[drawn]
        if self.scaled:
            self._fit_scaling(X)
            X = self._scale(X)
        if self.balance == "weights":
            self.estimator.fit(X, y, sample_weight=balanced_weights(y))
        else:
            self.estimator.fit(X, y)
        self.classes_: Integers = self.estimator.classes_
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        probability = self.estimator.predict_proba(self._scale(X) if self.scaled else X)
        return np.asarray(probability, np.float64)

    def _fit_scaling(self, X: Matrix) -> None:
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X)
        scale = scaler.scale_
        if self.blocks:
            scale = scale / np.repeat(block_weights(self.blocks), self.blocks)
        self.centre = scaler.mean_.astype(X.dtype)
        self.factor = (1 / scale).astype(X.dtype)

    def _scale(self, X: Matrix) -> Matrix:
        scaled: Matrix = X - self.centre
        scaled *= self.factor
        return scaled


def block_weights(blocks: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """(blocks,): what each block's columns are multiplied by, so that the sum of variances is that of one, for all."""
    widths = np.asarray(blocks, np.float64)
    weights: npt.NDArray[np.float64] = np.sqrt(widths.mean() / widths)
    return weights
