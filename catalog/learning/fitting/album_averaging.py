"""Album averaging: mean probabilities over the tracks of an album by one artist, which mostly share a genre."""

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from catalog.arrays import Floats, Integers

Mean = Literal["arithmetic", "geometric"]

ALONE = -1
FLOOR = 1e-3  # of a probability: one track must not outweigh all others


def album_units(albums: Sequence[Hashable | None], artists: Sequence[Hashable | None]) -> Integers:
    """(n,): the unit number of each track, one per album and artist; ALONE for a track without another.

    A compilation has one unit per artist: an average over artists would mix genres and cross folds. Tracks without a
    known artist on one album are a unit.
    """
    numbers: dict[Hashable, int] = {}
    unit = np.array(
        [
            ALONE if album is None else numbers.setdefault((album, artist), len(numbers))
            for album, artist in zip(albums, artists, strict=True)
        ],
        dtype=np.int64,
    )
    sizes = np.bincount(unit[unit != ALONE], minlength=len(numbers) + 1)
    return np.where((unit != ALONE) & (sizes[np.maximum(unit, 0)] > 1), unit, ALONE)


def average_by_unit(probability: Floats, unit: Integers, mean: Mean) -> Floats:
    """(n, classes): every row replaced by the mean over its unit (n,), summing to 1; rows of units ALONE stay.

    The arithmetic mean treats the tracks as opinions on the same question, the geometric mean as independent evidence:
    Genest and Zidek, "Combining probability distributions" (1986).
    """
    together = np.flatnonzero(unit != ALONE)
    if not len(together):
        return probability.copy()
    _, group = np.unique(unit[together], return_inverse=True)
    rows = probability[together]
    if mean == "geometric":
        rows = np.log(np.maximum(rows, FLOOR))
    sums = np.zeros((int(group.max()) + 1, probability.shape[1]))
    np.add.at(sums, group, rows)
    means = sums / np.bincount(group)[:, None]
    if mean == "geometric":
        means = np.exp(means - means.max(axis=1, keepdims=True))
    means /= means.sum(axis=1, keepdims=True)
    result = probability.copy()
    result[together] = means[group]
    return result
