"""The balance of classes: what is done for the rare ones while learning."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from catalog.arrays import Integers
from catalog.learning.classifiers.parameter_space import choice

Balance = Literal["none", "weights", "sampling"]

BY_WEIGHTS = choice("none", "weights", "sampling")
"""For an algorithm whose tracks can weigh differently."""
BY_SAMPLING = choice("none", "sampling")
"""For one that knows no weights."""


def balanced_weights(y: Integers) -> npt.NDArray[np.float64]:
    """(n,): weights with mean 1, so that every class in `y` (n,) weighs the same."""
    _, at, counts = np.unique(y, return_inverse=True, return_counts=True)
    weights: npt.NDArray[np.float64] = len(y) / (len(counts) * counts[at])
    return weights


def balanced_sample(y: Integers, seed: int) -> Integers:
    """Positions in `y`, ascending, about as many as it has, of every class equally many.

    Of a class the tracks are drawn equally often, to within one: of a common one some are left out, those of a rare
    one come several times. Every track of the result costs as much to learn from as one of `y`, so neither time nor
    memory grows.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(y)
    each = max(1, len(y) // len(classes))
    drawn = []
    for number in classes:
        members = np.flatnonzero(y == number)
        whole, rest = divmod(each, len(members))
        drawn.append(np.repeat(members, whole))
        drawn.append(random.choice(members, rest, replace=False))
    return np.sort(np.concatenate(drawn)).astype(np.int64)
