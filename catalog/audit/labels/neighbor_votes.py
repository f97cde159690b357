"""Witnesses: other tracks, the artist's and the nearest, whose tags speak for or against a tag."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Floats, Integers, Matrix
from catalog.similarity.nearest import NEIGHBORS, NOBODY, nearest_tracks

MIN_TAGGED_ALIKE = 5
"""Tracks with a tag before one of them can be a stranger there."""


@dataclass(frozen=True, eq=False)
class VoteCounts:
    """Of m tracks how many others there are, and how many of them speak for the choice and for the tag."""

    of: Integers
    for_choice: Integers
    for_tag: Integers

    def log_odds(self, usual_choice: Floats, usual_tag: Floats) -> Floats:
        """(m,): how much oftener the choice than the tag, one more track being mixed as all are; 0 without others."""
        ratio = np.log((self.for_choice + usual_choice) / (self.for_tag + usual_tag))
        return np.asarray(np.where(self.of > 0, ratio, 0.0))


@dataclass(frozen=True, eq=False)
class NeighborVotes:
    """The nearest tracks of those that are asked about, found at once because finding them costs most."""

    asked: Integers
    """(m,): positions, ascending."""
    by_others: Integers
    """(m, NEIGHBORS): positions of tracks of other groups, or NOBODY."""
    by_anyone: Integers

    @classmethod
    def of(cls, vectors: Matrix | None, groups: Integers, asked: Integers) -> "NeighborVotes":
        """Without vectors nobody is near."""
        asked = np.unique(asked)
        if vectors is None or not len(asked):
            nobody = np.full((len(asked), NEIGHBORS), NOBODY, dtype=np.int64)
            return cls(asked, nobody, nobody)
        return cls(asked, *nearest_tracks(vectors, [groups, np.arange(len(groups))], asked))

    def tags(self, row: Integers, y: Integers, for_choice: Booleans, for_tag: Booleans) -> VoteCounts:
        """How those by others are tagged: `row` (m,) was asked about, y (n,) holds classes, the others (m, classes)."""
        near = self.by_others[np.searchsorted(self.asked, row)]
        there = near != NOBODY
        classes = y[np.maximum(near, 0)]
        speaks = [np.take_along_axis(which, classes, axis=1) & there for which in (for_choice, for_tag)]
        return VoteCounts(there.sum(axis=1), *(which.sum(axis=1) for which in speaks))

    def isolated_tags(self, row: Integers, written: Integers) -> Booleans:
        """(m,): whether at most one of the nearest by whomever has the same tag, as written (n,), which five have.

        It tells the one wrong tag in a genre that no model knows because nearly all of it is by one artist.
        """
        near = self.by_anyone[np.searchsorted(self.asked, row)]
        there = near != NOBODY
        same = ((written[np.maximum(near, 0)] == written[row, None]) & there).sum(axis=1)
        _, place, size = np.unique(written, return_inverse=True, return_counts=True)
        return np.asarray((size[place[row]] >= MIN_TAGGED_ALIKE) & (same <= 1) & there.any(axis=1))


def others_of_artist(
    artists: Sequence[Hashable | None], y: Integers, row: Integers, for_choice: Booleans, for_tag: Booleans
) -> VoteCounts:
    """How the artist's other tracks are tagged: artists and y are of all n, `row` is (m,), the others (m, classes)."""
    names = {artist: at for at, artist in enumerate(dict.fromkeys(artists))}
    artist = np.array([names[name] for name in artists], dtype=np.int64)
    table = np.zeros((len(names), for_tag.shape[1]), dtype=np.int64)
    np.add.at(table, (artist, y), 1)
    if None in names:
        table[names[None]] = 0
    others = table[artist[row]]
    others[np.arange(len(row)), y[row]] -= 1
    others = np.maximum(others, 0)  # nobody's other tracks are nobody's
    return VoteCounts(others.sum(axis=1), (others * for_choice).sum(axis=1), (others * for_tag).sum(axis=1))
