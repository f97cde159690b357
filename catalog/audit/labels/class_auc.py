"""Credibility: how far a model's word on a class can be taken as evidence about a tag."""

import numpy as np
import numpy.typing as npt

from catalog.arrays import Floats, Integers


def class_auc(probability: Floats, y: Integers, groups: Integers) -> Floats:
    """(classes,): 0 where the model does not know the class from the others, 1 where it always does.

    From out-of-fold probabilities (n, classes), columns y (n,) and groups (n,): twice the area under the ROC curve of
    the class's probability, less 1, never below 0. Each group weighs the same in a class however many tracks it
    has: one artist who fills a class of his own sound must not make the class look known, nor, where nobody else's
    tracks are recognized by it, make all of his tracks look wrong.
    """
    classes = probability.shape[1]
    found = np.zeros(classes)
    for column in range(classes):
        inside = y == column
        _, part, sizes = np.unique(groups * 2 + inside, return_inverse=True, return_counts=True)
        found[column] = 2 * _area(probability[:, column], inside, 1.0 / sizes[part]) - 1
    return np.clip(found, 0.0, 1.0)


def _area(score: Floats, inside: npt.NDArray[np.bool_], weight: Floats) -> float:
    """The weighted share of (inside, outside) pairs in which the inside one scores higher; ties count half."""
    if inside.all() or not inside.any():
        return 0.5
    _, place = np.unique(score, return_inverse=True)
    within, without = (np.bincount(place, weight * which) for which in (inside, ~inside))
    below = np.cumsum(without) - without / 2
    return float((within * below).sum() / (within.sum() * without.sum()))
