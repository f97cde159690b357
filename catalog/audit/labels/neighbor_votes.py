"""Votes of other tracks, the artist's and the nearest ones, for or against a tag."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Floats, Integers, Matrix
from catalog.similarity.nearest import NEIGHBORS, NO_NEIGHBOR, nearest_tracks

MIN_TAGGED_ALIKE = 5
"""Tracks with a tag below which none of them counts as isolated."""


@dataclass(frozen=True, eq=False)
class VoteCounts:
    """For each of m tracks the number of other tracks, and of those that support the choice and the tag."""

    of: Integers
    for_choice: Integers
    for_tag: Integers

    def log_odds(self, share_of_choice: Floats, share_of_tag: Floats) -> Floats:
        """(m,): log odds of choice against tag, smoothed by one track with the usual shares; 0 without other tracks."""
        ratio = np.log((self.for_choice + share_of_choice) / (self.for_tag + share_of_tag))
        return np.asarray(np.where(self.of > 0, ratio, 0.0))


@dataclass(frozen=True, eq=False)
class NeighborVotes:
    """The nearest tracks of m query tracks, found in one search because the search costs most."""

    query: Integers
    """(m,): positions, ascending."""
    by_others: Integers
    """(m, NEIGHBORS): positions of tracks of other groups, or NO_NEIGHBOR."""
    by_anyone: Integers

    @classmethod
    def of(cls, vectors: Matrix | None, groups: Integers, query: Integers) -> NeighborVotes:
        """Without vectors no track has neighbors."""
        query = np.unique(query)
        if vectors is None or not len(query):
            empty = np.full((len(query), NEIGHBORS), NO_NEIGHBOR, dtype=np.int64)
            return cls(query, empty, empty)
        return cls(query, *nearest_tracks(vectors, [groups, np.arange(len(groups))], query))

    def of_others(self, row: int) -> list[int]:
        """The positions of a query track's nearest tracks by other artists, nearest first."""
        near = self.by_others[np.searchsorted(self.query, row)].tolist()
        return [position for position in near if position != NO_NEIGHBOR]

    def count(self, row: Integers, y: Integers, for_choice: Booleans, for_tag: Booleans) -> VoteCounts:
        """The votes of tracks by other artists: `row` (m,) are query tracks, y (n,) classes, the rest (m, classes)."""
        near = self.by_others[np.searchsorted(self.query, row)]
        exists = near != NO_NEIGHBOR
        classes = y[np.maximum(near, 0)]
        votes = [np.take_along_axis(each, classes, axis=1) & exists for each in (for_choice, for_tag)]
        return VoteCounts(exists.sum(axis=1), *(each.sum(axis=1) for each in votes))

    def isolated_tags(self, row: Integers, tags: Integers) -> Booleans:
        """(m,): at most one of the nearest tracks by any artist has the same of the tags (n,), which five tracks have.

        This finds the single wrong tag in a genre that no model can learn because nearly all of it is by one artist.
        """
        near = self.by_anyone[np.searchsorted(self.query, row)]
        exists = near != NO_NEIGHBOR
        same = ((tags[np.maximum(near, 0)] == tags[row, None]) & exists).sum(axis=1)
        _, place, size = np.unique(tags, return_inverse=True, return_counts=True)
        return np.asarray((size[place[row]] >= MIN_TAGGED_ALIKE) & (same <= 1) & exists.any(axis=1))


def others_of_artist(
    artists: Sequence[Hashable | None], y: Integers, row: Integers, for_choice: Booleans, for_tag: Booleans
) -> VoteCounts:
    """The votes of the artist's other tracks: artists (n) and y (n,) of all tracks, the rest for m tracks."""
    numbers = {artist: at for at, artist in enumerate(dict.fromkeys(artists))}
    artist = np.array([numbers[name] for name in artists], dtype=np.int64)
    table = np.zeros((len(numbers), for_tag.shape[1]), dtype=np.int64)
    np.add.at(table, (artist, y), 1)
    if None in numbers:
        table[numbers[None]] = 0
    others = table[artist[row]]
    others[np.arange(len(row)), y[row]] -= 1
    others = np.maximum(others, 0)  # an unknown artist has no other tracks
    return VoteCounts(others.sum(axis=1), (others * for_choice).sum(axis=1), (others * for_tag).sum(axis=1))
