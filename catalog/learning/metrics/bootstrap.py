"""Cluster bootstrap: confidence intervals that resample artists."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Floats, Integers

RESAMPLES = 1000
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and its 95 % bootstrap interval over groups; 0 to 1, a difference -1 to 1."""

    value: float
    low: float
    high: float


def bootstrap_draws(groups: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[Floats]:
    """Chunks (m, groups) of `resamples` rows: how often each group is drawn, `groups` times with replacement.

    The cluster bootstrap of Field and Welsh, "Bootstrapping clustered data" (2007). Errors of one artist's tracks are
    correlated, so that resampling tracks would give an interval that is too narrow.
    """
    generator = np.random.default_rng(seed)
    even = np.full(groups, 1.0 / groups)
    for start in range(0, resamples, CHUNK):
        drawn = generator.multinomial(groups, even, size=min(CHUNK, resamples - start))
        yield drawn.astype(np.float64)


def interval(value: float, drawn: Floats) -> Interval:
    """The value with the 2.5 and 97.5 % quantiles of the resampled values."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def mean_interval(values: Booleans | Floats, groups: Integers, *, seed: int = 0) -> Interval:
    """The mean of `values` (n,) with its interval over `groups` (n,). Raises ValueError without a track."""
    if not len(values):
        raise ValueError("there is no track to take the mean of")
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, weights=values.astype(np.float64))
    sizes = np.bincount(group).astype(np.float64)
    drawn = [(part @ sums) / (part @ sizes) for part in bootstrap_draws(len(sums), seed=seed)]
    return interval(float(np.mean(values)), np.concatenate(drawn))
