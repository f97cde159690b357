"""Intervals of shares in a weighted sample, and of the numbers that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, betabinom

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval."""

    value: float
    """0 to 1."""
    low: float
    high: float
    tracks: int
    """That it was measured on."""


def weighted_share(hits: Sequence[float], weights: Sequence[float], level: float = LEVEL) -> Share | None:
    """The weighted mean of hits, 0 to 1 each, with an interval; None of nothing.

    The interval is Clopper and Pearson's with the effective sample size in the place of the number (Korn and Graubard
    1998), here Kish's, (sum w)^2 / sum w^2 (1965): it holds where few or none are hit, and is rather too wide.
    """
    if not len(hits):
        return None
    hit, weight = np.asarray(hits, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    number = float(weight.sum() ** 2 / (weight**2).sum())
    share = float((hit * weight).sum() / weight.sum())
    found, tail = share * number, (1 - level) / 2
    low = 0.0 if found < 1e-9 else float(beta.ppf(tail, found, number - found + 1))
    high = 1.0 if number - found < 1e-9 else float(beta.ppf(1 - tail, found + 1, number - found))
    return Share(share, low, high, len(hits))


def number_among(share: Share, tracks: int, level: float = LEVEL) -> tuple[float, float]:
    """How many of further tracks are hit, from and to: as uncertain as the share, and as chance with few tracks is.

    Of two tracks none or both may be hit, however well the share is known. The middle of the beta-binomial distribution
    that follows from the tracks seen and Jeffreys's prior; tracks are taken to be independent, all of one weight.
    """
    tail = (1 - level) / 2
    hit = share.value * share.tracks
    low, high = betabinom.ppf([tail, 1 - tail], tracks, hit + 0.5, share.tracks - hit + 0.5)
    return float(low), float(high)
