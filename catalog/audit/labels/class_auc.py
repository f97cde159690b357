"""AUC of each class: how well the model separates a class from the others."""

import numpy as np

from catalog.arrays import Booleans, Floats, Integers


def class_auc(probability: Floats, y: Integers, groups: Integers) -> Floats:
    """(classes,): 0 if the model does not separate the class from the others, 1 if it always does.

    From out-of-fold probabilities (n, classes), columns y (n,) and groups (n,): twice the area under the ROC curve of
    the class's probability, less 1, at least 0. Each group has the same weight in a class, whatever its number of
    tracks. Otherwise one artist with most of a class and a sound of their own would make the class look well separated,
    or, if no other artist's tracks are recognized by it, make all of their tracks look wrong.
    """
    classes = probability.shape[1]
    auc = np.zeros(classes)
    for column in range(classes):
        inside = y == column
        _, part, sizes = np.unique(groups * 2 + inside, return_inverse=True, return_counts=True)
        auc[column] = 2 * _area(probability[:, column], inside, 1.0 / sizes[part]) - 1
    return np.clip(auc, 0.0, 1.0)


def _area(score: Floats, inside: Booleans, weight: Floats) -> float:
    """The weighted share of (inside, outside) pairs whose inside score is higher; ties count half."""
    if inside.all() or not inside.any():
        return 0.5
    _, place = np.unique(score, return_inverse=True)
    positive, negative = (np.bincount(place, weight * side) for side in (inside, ~inside))
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))
