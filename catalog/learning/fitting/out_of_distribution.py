"""Out-of-distribution detection: whether a track resembles any class at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from catalog.arrays import Booleans, Float32, Floats, Integers
from catalog.learning.classifiers import Matrix
from catalog.learning.fitting.pca import fit_projection

MOST_TRACKS = 5_000
"""Tracks, evenly sampled, from which the covariance is estimated: more take time and do not improve it."""
MOST_DIMENSIONS = 1_000
"""Vectors with more dimensions are projected onto principal components first, because time is cubic."""
REACH = 0.975
"""The share of labeled tracks, by artists outside the training folds, that are within reach of the mean."""
BEYOND = -2.0
"""The resemblance of a track beyond reach: below any cosine."""
LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class MahalanobisSpace:
    """A space of m dimensions in which the covariance within classes is the identity.

    The resemblance of a track to a class is the cosine between the two, both relative to the mean of all tracks:
    within-class covariance normalization, which speaker recognition uses to recognize voices over any channel (Hatch,
    Kajarekar and Stolcke, 2006). Here the channel is the artist. A probability cannot express "none of them", because
    it only compares the classes; a track of a genre outside the training set is far from all of them, near the mean.
    A track much farther from the mean than all training tracks, such as speech, resembles no class in any direction.
    """

    mean: Float32
    """(d,): of the vectors it was fitted to."""
    whitening: Float32
    """(d, m)."""
    class_means: Float32
    """(classes, m); zeros for a class without a track."""
    tracks: Integers
    """(classes,): the number of tracks of each class."""
    reach: float = math.inf
    """The distance from the mean of all tracks beyond which a track resembles no class."""

    def resemblance(self, X: Matrix) -> Floats:
        """(n, classes): the cosine of each track with each class, -1 to 1; -1 for a class without a track.

        BEYOND for a track out of reach.
        """
        cosine = self._cosines(self._whitened(X), self.tracks)
        return np.where(self.distance(X)[:, None] > self.reach, BEYOND, cosine)

    def distance(self, X: Matrix) -> Floats:
        """(n,): from the mean of all tracks; the standard deviation within classes is 1."""
        return np.asarray(np.linalg.norm(self._whitened(X) - self._center(self.tracks), axis=1), np.float64)

    def resemblance_to_others(self, X: Matrix, y: Integers) -> Floats:
        """(n, classes): the cosines if a track's own class `y` (n,) were not in the training set; -1 for that one."""
        whitened = self._whitened(X)
        cosine = np.full((len(X), len(self.tracks)), -1.0)
        for own in np.unique(y):
            inside = y == own
            tracks = np.where(np.arange(len(self.tracks)) == own, 0, self.tracks)
            if tracks.any():
                cosine[inside] = self._cosines(whitened[inside], tracks)
        return cosine

    def _whitened(self, X: Matrix) -> Float32:
        return np.asarray((X - self.mean) @ self.whitening, dtype=np.float32)

    def _center(self, tracks: Integers) -> Float32:
        return np.asarray((tracks / tracks.sum()) @ self.class_means, dtype=np.float32)

    def _cosines(self, whitened: Float32, tracks: Integers) -> Floats:
        center = self._center(tracks)
        cosine = np.asarray(_unit(whitened - center) @ _unit(self.class_means - center).T)
        cosine[:, tracks == 0] = -1.0
        return cosine


@dataclass(frozen=True, eq=False)
class ClassDistances:
    """The resemblance of n labeled tracks to the classes, by spaces fitted without the tracks' groups."""

    known: Floats
    """(n, classes): to every class."""
    left_out: Floats
    """(n, classes): to the other classes, if the track's own were not in the training set; -1 for its own."""
    reach: float
    """For the space fitted to all tracks."""

    def of(self, mask: Booleans) -> ClassDistances:
        """The resemblance of the tracks where `mask` (n,) is True."""
        return ClassDistances(self.known[mask], self.left_out[mask], self.reach)


def cross_fitted_resemblance(
    X: Matrix, y: Integers, fold: Integers, classes: int, *, first: int | None = None
) -> ClassDistances:
    """The resemblance of each fold's tracks, by a space and a reach that are fitted on the other folds."""
    known, left_out, distance = np.zeros((len(y), classes)), np.zeros((len(y), classes)), np.zeros(len(y))
    for number in np.unique(fold):
        test = fold == number
        space = fit_mahalanobis_space(X[~test], y[~test], classes, first=first)
        known[test], distance[test] = space.resemblance(X[test]), space.distance(X[test])
        left_out[test] = space.resemblance_to_others(X[test], y[test])
    for number in np.unique(fold):
        beyond = (fold == number) & (distance > np.quantile(distance[fold != number], REACH))
        known[beyond] = left_out[beyond] = BEYOND
    return ClassDistances(known, left_out, float(np.quantile(distance, REACH)))


def fit_mahalanobis_space(
    X: Matrix, y: Integers, classes: int, *, first: int | None = None
) -> MahalanobisSpace:
    """The space for vectors (n, d) with classes `y` (n,), columns 0 to `classes` - 1; fitted on `first` dimensions.

    Every dimension is scaled to variance 1. The covariance within classes is then shrunk towards the identity (Ledoit
    and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004).
    """
    from sklearn.covariance import ledoit_wolf  # a worker's parent process must not load scikit-learn

    if first is not None and first < X.shape[1]:
        space = fit_mahalanobis_space(X[:, :first], y, classes)
        rest = X.shape[1] - first
        return replace(
            space, mean=np.pad(space.mean, (0, rest)), whitening=np.pad(space.whitening, ((0, rest), (0, 0)))
        )
    sample = np.unique(np.linspace(0, len(X) - 1, min(len(X), MOST_TRACKS)).astype(np.int64))
    mean = X.mean(axis=0, dtype=np.float64)
    spread = X[sample].std(axis=0, dtype=np.float64)
    scale = 1.0 / np.where(spread > LEAST, spread, 1.0)
    directions = np.diag(scale)
    if X.shape[1] > MOST_DIMENSIONS:
        components = fit_projection(np.asarray((X[sample] - mean) * scale, np.float32)).components
        directions = scale[:, None] * components.T
    coordinates = (X[sample] - mean) @ directions
    covariance, _ = ledoit_wolf(
        coordinates - _means(coordinates, y[sample], classes)[y[sample]], assume_centered=True
    )
    variance, axes = np.linalg.eigh(covariance)
    variance = np.maximum(variance, max(LEAST, 1e-6 * float(variance.max())))
    whitening = np.asarray(directions @ (axes / np.sqrt(variance)), dtype=np.float32)
    class_means = (_means(X, y, classes) - mean) @ whitening
    tracks = np.bincount(y, minlength=classes).astype(np.int64)
    class_means[tracks == 0] = 0.0
    return MahalanobisSpace(mean.astype(np.float32), whitening, class_means.astype(np.float32), tracks)


def _means(X: Matrix, y: Integers, classes: int) -> Floats:
    """(classes, d): the mean of each class; zeros for a class without a track."""
    sums = np.stack([X[y == column].sum(axis=0, dtype=np.float64) for column in range(classes)])
    return np.asarray(sums / np.maximum(np.bincount(y, minlength=classes), 1)[:, None])


def _unit(vectors: npt.NDArray[np.floating]) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, LEAST), dtype=np.float64)
