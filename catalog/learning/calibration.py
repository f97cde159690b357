"""Calibration: making a probability of 0.8 be right in eight cases of ten, and measuring how far it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FLOOR = 1e-7  # a class the model has never seen has probability 0; its logarithm must stay finite
BIAS_PENALTY = 20.0  # as if that many tracks stood for "no bias": with few tracks only the temperature moves


@dataclass(frozen=True, eq=False)
class Calibration:
    """p' = softmax(slope * log p + bias), the temperature being 1 / slope.

    Temperature scaling of Guo et al., "On calibration of modern neural networks" (2017), with the bias of their
    vector scaling held near 0 by a ridge.
    """

    slope: float
    bias: Floats
    """(classes,)."""

    @classmethod
    def identity(cls, classes: int) -> "Calibration":
        """The one that changes nothing."""
        return cls(1.0, np.zeros(classes))

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes), rows summing to 1."""
        scores = self.slope * np.log(np.maximum(probability, FLOOR)) + self.bias
        return np.asarray(softmax(scores, axis=1))


def fit_calibration(probability: Floats, y: Integers) -> Calibration:
    """The calibration with the greatest penalised likelihood of `y` (n,) under `probability` (n, classes).

    The probabilities must come from models that had not seen the tracks. Without any track: the identity.
    """
    count, classes = probability.shape
    if not count:
        return Calibration.identity(classes)
    logarithm = np.log(np.maximum(probability, FLOOR))
    truth = np.zeros_like(logarithm)
    truth[np.arange(count), y] = 1.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, bias = np.exp(parameters[0]), parameters[1:]
        scores = log_softmax(slope * logarithm + bias, axis=1)
        residual = np.exp(scores) - truth
        value = -(scores * truth).sum() + 0.5 * BIAS_PENALTY * (bias @ bias)
        gradient = np.concatenate(
            [[slope * (residual * logarithm).sum()], residual.sum(axis=0) + BIAS_PENALTY * bias]
        )
        return value / count, gradient / count

    bounds = [(np.log(0.05), np.log(20.0)), *([(-5.0, 5.0)] * classes)]
    fitted = minimize(loss, np.zeros(classes + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(fitted[0])), np.asarray(fitted[1:]))


def cross_fitted(probability: Floats, y: Integers, fold: Integers) -> Floats:
    """(n, classes): each fold's out-of-fold probabilities, calibrated by what was fitted on the other folds."""
    calibrated = np.empty_like(probability)
    for number in np.unique(fold):
        inside = fold == number
        calibrated[inside] = fit_calibration(probability[~inside], y[~inside]).apply(probability[inside])
    return calibrated


def expected_calibration_error(probability: Floats, y: Integers, *, bins: int = 10) -> float:
    """The mean gap between the first choice's probability and how often it is right, 0 to 1; 0 without tracks.

    Over at most `bins` bins that hold equally many tracks, weighted by them: with bins of equal width most of a
    small collection lies in one (Nixon et al., "Measuring calibration in deep learning", 2019).
    """
    if not len(y):
        return 0.0
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == y
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts]
    return float(sum(gaps) / len(y))
