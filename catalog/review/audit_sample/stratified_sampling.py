"""Strata: how many tracks of each genre a sample takes, and what each of them weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

REST = 0
"""The stratum of the genres that are too rare for one of their own."""


@dataclass(frozen=True, slots=True)
class DrawnTrack:
    """A track of a sample."""

    track_id: int
    stratum: int
    """Genre id, or `REST`."""
    weight: float
    """Tracks of the archive that it stands for."""
    overlap: bool
    """Whether two reviewers judge it."""


def merge_rare(genres: Mapping[int, Sequence[int]], size: int) -> dict[int, list[int]]:
    """Track ids by stratum: the genres that would get fewer than two tracks of the sample are one stratum together."""
    total = sum(len(tracks) for tracks in genres.values())
    strata: dict[int, list[int]] = {}
    for genre_id, tracks in sorted(genres.items()):
        own = len(tracks) * size >= 2 * total
        strata.setdefault(genre_id if own else REST, []).extend(tracks)
    return strata


def allocate(sizes: Mapping[int, int], size: int) -> dict[int, int]:
    """Sample sizes by stratum, proportional to the strata by largest remainder; at least one, never more than there are.

    Together `size`, or all there are; one of each stratum at least, even where that is more.
    """
    total = sum(sizes.values())
    size = min(size, total)
    exact = {key: size * number / total for key, number in sizes.items()}
    given = {key: min(sizes[key], max(1, int(share))) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (int(exact[key]) - exact[key], key))
    while sum(given.values()) < size:
        for key in by_remainder:
            if sum(given.values()) < size and given[key] < sizes[key]:
                given[key] += 1
    # What small strata were given beyond their share is taken from those that got more than theirs.
    while sum(given.values()) > max(size, len(sizes)):
        largest = max(
            (key for key in given if given[key] > 1), key=lambda key: (given[key] - exact[key], key)
        )
        given[largest] -= 1
    return given


def draw_stratified(
    genres: Mapping[int, Sequence[int]], size: int, overlap: int, seed: int
) -> list[DrawnTrack]:
    """A random sample stratified by genre, in random order, of the track ids by genre. The same seed draws the same.

    Each track weighs the tracks of its stratum over those drawn from it, so that weights sum to the archive.
    """
    strata = merge_rare(genres, size)
    given = allocate({key: len(tracks) for key, tracks in strata.items()}, size) if strata else {}
    random = np.random.default_rng(seed)
    chosen = [
        (int(track_id), key, len(strata[key]) / given[key])
        for key in sorted(given)
        for track_id in random.choice(np.sort(np.array(strata[key], np.int64)), given[key], replace=False)
    ]
    twice = set(random.permutation(len(chosen))[:overlap].tolist())
    order = random.permutation(len(chosen)).tolist()
    return [
        DrawnTrack(track_id, key, weight, at in twice)
        for at in order
        for track_id, key, weight in [chosen[at]]
    ]
