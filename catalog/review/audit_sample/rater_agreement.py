"""Agreement of two reviewers beyond chance: an upper bound for the measurable accuracy of any model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 200
MIN_TRACKS = 5
"""Tracks with two judgments below which there is no kappa."""


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """Two reviewers on the same tracks."""

    kappa: float
    """Cohen's kappa (1960): 1 for full agreement, 0 for agreement by chance."""
    low: float
    high: float
    tracks: int


def rater_agreement(one: Sequence[int], other: Sequence[int], seed: int = 0) -> RaterAgreement | None:
    """Cohen's kappa of two lists of genres in one order of tracks, with an interval by percentile bootstrap over
    tracks.

    None for fewer than `MIN_TRACKS` tracks, and if all judgments name one genre, which chance explains.
    """
    from sklearn.metrics import cohen_kappa_score  # a second to import

    if len(one) < MIN_TRACKS:
        return None
    first, second = np.asarray(one), np.asarray(other)
    random = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resample with a single genre has no kappa
        value = float(cohen_kappa_score(first, second))
        resampled = [
            float(cohen_kappa_score(first[rows], second[rows]))
            for rows in (random.integers(0, len(first), len(first)) for _ in range(RESAMPLES))
        ]
    if math.isnan(value):
        return None
    kappas = [each for each in resampled if not math.isnan(each)] or [value]
    low, high = np.quantile(kappas, [0.025, 0.975])
    return RaterAgreement(value, float(low), float(high), len(one))
