"""Weighted shares with intervals, and the resulting numbers of tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval."""

    value: float
    """0 to 1."""
    low: float
    high: float
    tracks: int
    """Number of tracks in the sample."""

    @property
    def hits(self) -> int:
        """The number of hits, if all weights are equal."""
        return round(self.value * self.tracks)


def weighted_share(hits: Sequence[float], weights: Sequence[float], level: float = LEVEL) -> Share | None:
    """The weighted mean of hits, 0 to 1 each, with an interval; None for an empty sample.

    The interval is Clopper and Pearson's with the effective sample size instead of the number (Korn and Graubard 1998),
    here Kish's, (sum w)^2 / sum w^2 (1965): valid for few or no hits, and conservative.
    """
    if not len(hits):
        return None
    from scipy.stats import beta  # takes a second to import, and most catalogs have no sample

    hit, weight = np.asarray(hits, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    number = float(weight.sum() ** 2 / (weight**2).sum())
    share = float((hit * weight).sum() / weight.sum())
    hit_count, tail = share * number, (1 - level) / 2
    low = 0.0 if hit_count < 1e-9 else float(beta.ppf(tail, hit_count, number - hit_count + 1))
    high = 1.0 if number - hit_count < 1e-9 else float(beta.ppf(1 - tail, hit_count + 1, number - hit_count))
    return Share(share, low, high, len(hits))


def number_among(share: Share, tracks: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of the number of hits among further tracks, from the uncertainty of the share and the sampling
    error.

    Of two tracks none or both may be hits, however well the share is known. The central interval of the beta-binomial
    distribution from the sample and Jeffreys's prior; tracks count as independent, all of one weight.
    """
    from scipy.stats import betabinom

    tail = (1 - level) / 2
    hit = share.value * share.tracks
    low, high = betabinom.ppf([tail, 1 - tail], tracks, hit + 0.5, share.tracks - hit + 0.5)
    return float(low), float(high)
