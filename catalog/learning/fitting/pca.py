"""Principal component analysis: fit, apply and invert a projection, and a classifier behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from catalog.arrays import Float32, Floats, Integers
from catalog.learning.classifiers import Algorithm, Classifier, Matrix

VARIANCE = 0.97
TRACKS_A_COMPONENT = 4
"""With more components than a quarter of the tracks, a projection would reproduce the tracks themselves."""
MOST_TRACKS = 2_000
"""A projection is fitted to a random sample of at most this size: 500 components are enough, and time is cubic."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The k directions of largest variance in a space of d dimensions."""

    mean: Float32
    """(d,)."""
    components: Float32
    """(k, d): orthonormal, by descending variance."""
    curve: Floats
    """(m,): the share of the variance explained by the first 1, 2 ... m components, for all m components."""
    total: float
    """The variance, summed over dimensions."""
    tracks: int
    """The number of tracks it was fitted to."""

    def apply(self, X: Matrix) -> Float32:
        """(n, k): coordinates of vectors (n, d)."""
        return np.asarray((X - self.mean) @ self.components.T, np.float32)

    def restore(self, coordinates: Matrix) -> Float32:
        """(n, d): the vectors with these coordinates (n, k)."""
        return np.asarray(coordinates @ self.components + self.mean, np.float32)


def fit_projection(X: Matrix, variance: float = VARIANCE, *, seed: int = 0) -> Projection:
    """The principal components of vectors (n, d) that explain a share of their variance, at most n / 4 of them.

    Of more than 2,000 vectors 2,000 are drawn by the seed. The largest weight of each component is positive.
    """
    if len(X) > MOST_TRACKS:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), MOST_TRACKS, replace=False))]
    mean = X.mean(axis=0, dtype=np.float64)
    centered = X - mean
    tall = len(centered) >= centered.shape[1]
    # The smaller of the two products: both have the same eigenvalues.
    product = centered.T @ centered if tall else centered @ centered.T
    values, vectors = np.linalg.eigh(product)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    total = float(values.sum())
    curve = np.minimum(np.cumsum(values) / total, 1) if total else np.ones(len(values))
    # A direction without variance is a rounding error.
    rank = max(1, int((values > 1e-12 * values[0]).sum()))
    count = min(components_for(curve, variance), max(1, len(X) // TRACKS_A_COMPONENT), rank)
    directions = vectors[:, :count].T if tall else vectors[:, :count].T @ centered
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / np.where(length > 0, length, 1)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, np.newaxis], axis=1)
    directions *= np.where(largest < 0, -1, 1)
    return Projection(mean.astype(np.float32), directions.astype(np.float32), curve, total / len(X), len(X))


def components_for(curve: Floats, variance: float) -> int:
    """The number of components that explain that share of the variance."""
    return min(int(np.searchsorted(curve, variance - 1e-12)) + 1, len(curve))


class ProjectedClassifier:
    """A classifier that fits a projection to its training tracks and is fitted on the coordinates.

    In a fold the projection is therefore fitted without the test tracks.
    """

    def __init__(
        self, classifier: Classifier, variance: float = VARIANCE, projection: Projection | None = None
    ) -> None:
        self.classifier = classifier
        self.variance = variance
        self.projection = projection
        if projection is not None:
            self.classes_ = classifier.classes_

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> ProjectedClassifier:
        """Fits the projection and the classifier."""
        self.projection = fit_projection(X, self.variance)
        self.classifier.fit(self.projection.apply(X), y, groups)
        self.classes_ = self.classifier.classes_
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes)."""
        assert self.projection is not None, "it was not fitted"
        return self.classifier.predict_proba(self.projection.apply(X))


def with_projection(algorithm: Algorithm, variance: float = VARIANCE) -> Algorithm:
    """The algorithm on projected vectors."""

    def make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
        return ProjectedClassifier(algorithm.make(parameters, seed, blocks), variance)

    return replace(algorithm, make=make)
