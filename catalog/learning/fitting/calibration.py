"""Calibration of probabilities, and the expected calibration error."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from catalog.arrays import Floats, Integers
from catalog.learning.metrics.bootstrap import Interval, interval

FLOOR = 1e-7  # a class outside the training folds has probability 0; its logarithm must stay finite
TIMES = 500
BINS = 10
BIAS_PENALTY = (
    10.0  # the weight of the prior "no bias" in tracks: with few tracks only the temperature is fitted
)


@dataclass(frozen=True, eq=False)
class Calibration:
    """p' = softmax(slope * log p + bias), with temperature 1 / slope.

    Temperature scaling of Guo et al., "On calibration of modern neural networks" (2017), with the bias of their
    vector scaling, shrunk to 0 by an L2 penalty.
    """

    slope: float
    bias: Floats
    """(classes,)."""

    @classmethod
    def identity(cls, classes: int) -> "Calibration":
        """The calibration that changes nothing."""
        return cls(1.0, np.zeros(classes))

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes), rows summing to 1."""
        scores = self.slope * np.log(np.maximum(probability, FLOOR)) + self.bias
        return np.asarray(softmax(scores, axis=1))


def fit_calibration(probability: Floats, y: Integers, groups: Integers | None = None) -> Calibration:
    """The calibration with the greatest penalized likelihood of `y` (n,) under `probability` (n, classes).

    The probabilities must be out of fold. With `groups` (n,) the weight of a group is the square root of its number of
    tracks, as in `choose_threshold`: one artist with fifty tracks must not set the bias of a genre. Without any track:
    the identity.
    """
    count, classes = probability.shape
    if not count:
        return Calibration.identity(classes)
    weight = np.ones((count, 1))
    if groups is not None:
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(sizes[group])[:, None]
        weight *= count / weight.sum()
    logarithm = np.log(np.maximum(probability, FLOOR))
    truth = np.zeros_like(logarithm)
    truth[np.arange(count), y] = 1.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, bias = np.exp(parameters[0]), parameters[1:]
        scores = log_softmax(slope * logarithm + bias, axis=1)
        residual = (np.exp(scores) - truth) * weight
        value = -(scores * truth * weight).sum() + 0.5 * BIAS_PENALTY * (bias @ bias)
        gradient = np.concatenate(
            [[slope * (residual * logarithm).sum()], residual.sum(axis=0) + BIAS_PENALTY * bias]
        )
        return value / count, gradient / count

    bounds = [(np.log(0.05), np.log(20.0)), *([(-5.0, 5.0)] * classes)]
    fitted = minimize(loss, np.zeros(classes + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(fitted[0])), np.asarray(fitted[1:]))


def cross_fitted(probability: Floats, y: Integers, fold: Integers, groups: Integers | None = None) -> Floats:
    """(n, classes): out-of-fold probabilities, each fold calibrated by a calibration fitted on the other folds."""
    calibrated = np.empty_like(probability)
    for number in np.unique(fold):
        inside = fold == number
        others = None if groups is None else groups[~inside]
        calibration = fit_calibration(probability[~inside], y[~inside], others)
        calibrated[inside] = calibration.apply(probability[inside])
    return calibrated


def expected_calibration_error(probability: Floats, y: Integers, *, bins: int = BINS) -> float:
    """The mean gap between the predicted class's probability and its accuracy, 0 to 1; 0 without tracks.

    Over at most `bins` bins with equal numbers of tracks, weighted by these: with bins of equal width most of a small
    collection lies in one bin (Nixon et al., "Measuring calibration in deep learning", 2019).
    """
    if not len(y):
        return 0.0
    confidence = probability.max(axis=1)
    order = np.argsort(confidence, kind="stable")
    correct = (probability.argmax(axis=1) == y)[order]
    return float(_gaps(confidence[order], correct[None, :].astype(np.float64), bins)[0])


def perfect_calibration_error(
    probability: Floats, groups: Integers | None = None, *, times: int = TIMES, seed: int = 0
) -> Interval:
    """The calibration error of a perfectly calibrated model: the mean, 2.5 % and 97.5 %.

    Simulated `times` times for the probabilities (n, classes): each track is correct with the probability of its
    predicted class. Chance alone makes gaps, about 0.09 with a hundred tracks (consistency bands: Bröcker and Smith,
    "Increasing the reliability of reliability diagrams", 2007). With `groups` (n,) one number is drawn for all tracks
    of a group, which are then correct or wrong together as far as their probabilities allow: the widest band.
    """
    if not len(probability):
        return Interval(0.0, 0.0, 0.0)
    order = np.argsort(probability.max(axis=1), kind="stable")
    confidence = probability.max(axis=1)[order]
    group = np.arange(len(order))
    if groups is not None:
        _, group = np.unique(groups[order], return_inverse=True)
    generator = np.random.default_rng(seed)
    draws = (generator.random(int(group.max()) + 1)[group] for _ in range(times))
    errors = np.array([_gaps(confidence, (draw < confidence)[None, :] * 1.0, BINS)[0] for draw in draws])
    return interval(float(errors.mean()), errors)


def _gaps(confidence: Floats, correct: Floats, bins: int) -> Floats:
    """(m,): the calibration error of m outcomes `correct` (m, n), tracks in ascending order of `confidence` (n,)."""
    starts = np.unique([part[0] for part in np.array_split(np.arange(len(confidence)), bins) if len(part)])
    gaps = np.abs(np.add.reduceat(correct - confidence, starts, axis=1))
    return np.asarray(gaps.sum(axis=1) / len(confidence))
