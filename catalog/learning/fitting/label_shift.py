"""Label shift: estimates the class priors of untagged tracks and corrects probabilities to them."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Floats

FEWEST_TRACKS = 30
PRIOR_WEIGHT = 50.0
"""The weight of the training priors, in tracks: a few artists must not move the priors of all tracks."""
BOUND = 3.0
ITERATIONS = 200
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class LabelShift:
    """The class priors that probabilities assume, and those estimated for the tracks to be predicted."""

    training: Floats
    """(classes,), sum 1: the mean out-of-fold probabilities of the training set. They differ from the counted shares
    because the calibration gives an artist with many tracks less weight."""
    estimated: Floats
    """(classes,), sum 1; those of training if nothing was estimated."""
    reason: str | None = None
    """Why nothing was estimated."""

    @property
    def ratio(self) -> Floats:
        """(classes,): the estimated prior of each class divided by its training prior."""
        return np.asarray(self.estimated / np.maximum(self.training, 1e-12))

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes): each row weighted by `ratio`, summing to 1."""
        weighted = probability * self.ratio
        return np.asarray(weighted / np.maximum(weighted.sum(axis=1, keepdims=True), 1e-12))


def no_label_shift(training: Floats, reason: str) -> LabelShift:
    """Priors that correct nothing."""
    return LabelShift(training, training, reason)


def estimate_label_shift(
    probability: Floats,
    training: Floats,
    *,
    weight: Floats | None = None,
    bound: float = BOUND,
) -> LabelShift:
    """Estimates priors from calibrated probabilities (n, classes) of untagged tracks.

    Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities" (2002):
    the next estimate is the mean over the corrected probabilities and PRIOR_WEIGHT pseudo-tracks with the training
    priors, until it converges. The estimate of a class stays within `bound` times (or one `bound`-th of) its training
    prior, because EM on a few tracks runs to extremes; with fewer than FEWEST_TRACKS tracks nothing is estimated.
    `training` (classes,) are the priors that the probabilities assume, and sum to 1. `weight` (n,) is the number of
    tracks that each row represents.
    """
    if bound < 1.0:
        raise ValueError(f"a bound must be at least 1, not {bound}")
    if weight is None:
        weight = np.ones(len(probability))
    count = float(weight.sum())
    if count < FEWEST_TRACKS:
        return no_label_shift(training, f"{count:.0f} tracks are too few to estimate priors")
    low, high = training / bound, np.minimum(training * bound, 1.0)
    estimated = training
    for _ in range(ITERATIONS):
        weighted = probability * (estimated / np.maximum(training, 1e-12))
        weighted /= np.maximum(weighted.sum(axis=1, keepdims=True), 1e-12)
        shares = (weight @ weighted + PRIOR_WEIGHT * training) / (count + PRIOR_WEIGHT)
        following = _within(shares, low, high)
        moved = float(np.abs(following - estimated).max())
        estimated = following
        if moved < TOLERANCE:
            break
    return LabelShift(training, estimated)


def _within(shares: Floats, low: Floats, high: Floats) -> Floats:
    """Shares scaled by one factor and clipped to the bounds so that they sum to 1 (bisection on the factor)."""
    below, above = 0.0, 1.0
    while np.clip(shares * above, low, high).sum() < 1.0 and above < 1e9:
        above *= 2.0
    for _ in range(60):
        middle = (below + above) / 2
        if np.clip(shares * middle, low, high).sum() < 1.0:
            below = middle
        else:
            above = middle
    clipped = np.clip(shares * above, low, high)
    return np.asarray(clipped / clipped.sum())
