"""Albums: probabilities averaged over the tracks of an album by one artist, which mostly share a genre."""

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from catalog.arrays import Floats, Integers

Mean = Literal["arithmetic", "geometric"]

ALONE = -1
FLOOR = 1e-3  # of a probability: one track's veto must not outweigh all others


def album_units(albums: Sequence[Hashable | None], artists: Sequence[Hashable | None]) -> Integers:
    """(n,): tracks of one album by one artist share a number; ALONE for a track without another.

    A compilation is as many units as it has artists: an average over artists would mix what differs, and reach over
    folds. Tracks by nobody known on one album are a unit.
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

    The arithmetic mean takes the tracks for opinions on the same question, the geometric for separate evidence on it:
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
