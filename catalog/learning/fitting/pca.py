"""Projection onto principal components: fitting it, applying it, undoing it, and a classifier that sees through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32, Floats
from catalog.learning.classifiers import Algorithm, Classifier, Matrix

VARIANCE = 0.97
TRACKS_A_COMPONENT = 4
"""With more components than a quarter of the tracks, what is projected onto is the tracks themselves."""
MOST_TRACKS = 2_000
"""A projection is fitted to so many at most, evenly drawn: five hundred components are enough, and time grows with the
cube."""


@dataclass(frozen=True, eq=False)
class Projection:
    """k directions in a space of d dimensions, in which the tracks it was fitted to differ most."""

    mean: Float32
    """(d,)."""
    components: Float32
    """(k, d): of length 1 and at right angles, the one of the largest variance first."""
    curve: Floats
    """(m,): the share of the variance that the first 1, 2 ... m components hold, m being all there are."""
    total: float
    """The variance, summed over dimensions."""
    tracks: int
    """How many it was fitted to."""

    def apply(self, X: Matrix) -> Float32:
        """(n, k): coordinates of vectors (n, d)."""
        return np.asarray((X - self.mean) @ self.components.T, np.float32)

    def restore(self, coordinates: Matrix) -> Float32:
        """(n, d): the vectors that have these coordinates (n, k)."""
        return np.asarray(coordinates @ self.components + self.mean, np.float32)


def fit_projection(X: Matrix, variance: float = VARIANCE, *, seed: int = 0) -> Projection:
    """The principal components of vectors (n, d) that hold a share of their variance, at most n / 4 of them.

    Of more than 2,000 vectors so many are drawn by the seed. Signs are such that the largest weight of a component is
    positive.
    """
    if len(X) > MOST_TRACKS:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), MOST_TRACKS, replace=False))]
    mean = X.mean(axis=0, dtype=np.float64)
    centered = X - mean
    tall = len(centered) >= centered.shape[1]
    # Of the two products the smaller one: they share their eigenvalues.
    product = centered.T @ centered if tall else centered @ centered.T
    values, vectors = np.linalg.eigh(product)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    total = float(values.sum())
    curve = np.minimum(np.cumsum(values) / total, 1) if total else np.ones(len(values))
    wanted = components_for(curve, variance)
    # A direction without variance is rounding.
    real = max(1, int((values > 1e-12 * values[0]).sum()))
    count = min(wanted, max(1, len(X) // TRACKS_A_COMPONENT), real)
    directions = vectors[:, :count].T if tall else vectors[:, :count].T @ centered
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / np.where(length > 0, length, 1)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, np.newaxis], axis=1)
    directions *= np.where(largest < 0, -1, 1)
    return Projection(mean.astype(np.float32), directions.astype(np.float32), curve, total / len(X), len(X))


def components_for(curve: Floats, variance: float) -> int:
    """How many components hold that share of the variance."""
    return min(int(np.searchsorted(curve, variance - 1e-12)) + 1, len(curve))


class Projected:
    """A classifier that fits a projection to what it learns from, and learns from the coordinates.

    Inside a fold it therefore sees no variance of the tracks that were left out.
    """

    def __init__(
        self, classifier: Classifier, variance: float = VARIANCE, projection: Projection | None = None
    ) -> None:
        self.classifier = classifier
        self.variance = variance
        self.projection = projection
        if projection is not None:
            self.classes_ = classifier.classes_

    def fit(
        self, X: Matrix, y: npt.NDArray[np.int64], groups: npt.NDArray[np.int64] | None = None
    ) -> Projected:
        """Fits both."""
        self.projection = fit_projection(X, self.variance)
        self.classifier.fit(self.projection.apply(X), y, groups)
        self.classes_ = self.classifier.classes_
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes)."""
        assert self.projection is not None, "it was not fitted"
        return self.classifier.predict_proba(self.projection.apply(X))


def projected(algorithm: Algorithm, variance: float = VARIANCE) -> Algorithm:
    """The algorithm behind a projection."""

    def make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
        return Projected(algorithm.make(parameters, seed, blocks), variance)

    return replace(algorithm, make=make)
