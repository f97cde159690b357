"""Class balance: weights and resampling for rare classes."""

from typing import Literal

import numpy as np

from catalog.arrays import Floats, Integers
from catalog.learning.classifiers.parameter_space import Parameter, choice

Balance = Literal["none", "weights", "sampling"]

_BALANCES = ("none", "weights", "sampling")
BALANCE = Parameter("weights", choice(*_BALANCES), tries=_BALANCES)
"""The parameter `balance` of an algorithm that supports sample weights."""


def balance_without_weights(default: Balance) -> Parameter:
    """The parameter `balance` of an algorithm that does not support sample weights."""
    return Parameter(default, choice("none", "sampling"), tries=("none", "sampling"))


def balanced_weights(y: Integers) -> Floats:
    """(n,): sample weights with mean 1, so that every class in `y` (n,) has the same total weight."""
    _, at, counts = np.unique(y, return_inverse=True, return_counts=True)
    weights: Floats = len(y) / (len(counts) * counts[at])
    return weights


def balanced_sample(y: Integers, seed: int) -> Integers:
    """Positions in `y`, ascending, of about the same number of tracks, equally many of every class.

    The tracks of a class are drawn equally often, to within one: some tracks of a common class are left out, and those
    of a rare class are repeated. The sample is no longer than `y`, so neither time nor memory grows.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(y)
    per_class = max(1, len(y) // len(classes))
    sample = []
    for number in classes:
        members = np.flatnonzero(y == number)
        repeats, rest = divmod(per_class, len(members))
        sample.append(np.repeat(members, repeats))
        sample.append(random.choice(members, rest, replace=False))
    return np.sort(np.concatenate(sample)).astype(np.int64)
