"""Baselines that need no model, reported with every score."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from catalog.arrays import Integers


def majority_class(y: Integers, fold: Integers) -> Integers:
    """(n,): always the most common class of the other folds."""
    choice = np.zeros(len(y), dtype=np.int64)
    for number in np.unique(fold):
        others = y[fold != number]
        choice[fold == number] = np.bincount(others).argmax() if len(others) else 0
    return choice


def artist_majority(y: Integers, artists: Sequence[Hashable | None]) -> Integers:
    """(n,): the most common class of the artist's other tracks (the smaller column in a tie).

    For an artist without other tracks, and for an unknown artist, the most common class of all other tracks.
    """
    overall = Counter(y.tolist())
    by_artist: defaultdict[Hashable, Counter[int]] = defaultdict(Counter)
    for artist, own in zip(artists, y.tolist(), strict=True):
        if artist is not None:
            by_artist[artist][own] += 1
    choice = np.zeros(len(y), dtype=np.int64)
    for at, (artist, own) in enumerate(zip(artists, y.tolist(), strict=True)):
        counts = by_artist[artist] if artist is not None else Counter()
        if counts.total() < 2:
            counts = overall
        choice[at] = min(counts, key=lambda column: (own == column) - counts[column] + column * 1e-9)
    return choice
