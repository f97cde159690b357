"""Priors: how common each class is among the tracks that nobody tagged, and probabilities corrected to that."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Floats

FEWEST_TRACKS = 30
HELD = 50.0
"""Tracks that the training shares stand for beside those seen: a few artists must not move all the others."""
BOUND = 3.0
ITERATIONS = 200
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class LabelShift:
    """The shares of the classes that probabilities rest on, and as estimated for the tracks to be predicted."""

    training: Floats
    """(classes,), sum 1: their mean over tracks of the training set, out of fold. The shares that are counted there are others
    where the calibration lets an artist with many tracks count for less than all of them."""
    estimated: Floats
    """(classes,), sum 1; those of training where nothing was estimated."""
    reason: str | None = None
    """In words why nothing was estimated."""

    @property
    def ratio(self) -> Floats:
        """(classes,): how many times as common each class is as in training."""
        return np.asarray(self.estimated / np.maximum(self.training, 1e-12))

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes): each row weighted by `ratio`, summing to 1."""
        weighted = probability * self.ratio
        return np.asarray(weighted / np.maximum(weighted.sum(axis=1, keepdims=True), 1e-12))


def no_label_shift(training: Floats, reason: str) -> LabelShift:
    """Priors that correct nothing: the switch for "off"."""
    return LabelShift(training, training, reason)


def estimate_label_shift(
    probability: Floats,
    training: Floats,
    *,
    weight: Floats | None = None,
    bound: float = BOUND,
    fewest: int = FEWEST_TRACKS,
) -> LabelShift:
    """Re-estimates priors from calibrated probabilities (n, classes) of tracks without a tag.

    Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities" (2002):
    the mean of the corrected probabilities, HELD tracks with the training shares among them, is the next estimate,
    until it stands still. The estimate of a class stays within `bound` times (or one `bound`-th of) its training
    share, because EM on a few tracks runs to extremes; under `fewest` tracks nothing is estimated. `training`
    (classes,) are the shares that the probabilities rest on, and sum to 1. With `weight` (n,) each row stands for so many tracks.
    """
    if bound < 1.0:
        raise ValueError(f"a bound is at least 1, not {bound}")
    if weight is None:
        weight = np.ones(len(probability))
    count = float(weight.sum())
    if count < fewest:
        return no_label_shift(training, f"{count:.0f} tracks are too few to estimate shares from")
    low, high = training / bound, np.minimum(training * bound, 1.0)
    estimated = training
    for _ in range(ITERATIONS):
        weighted = probability * (estimated / np.maximum(training, 1e-12))
        weighted /= np.maximum(weighted.sum(axis=1, keepdims=True), 1e-12)
        shares = (weight @ weighted + HELD * training) / (count + HELD)
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
