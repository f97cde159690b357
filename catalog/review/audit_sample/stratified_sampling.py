"""Stratified sampling: sample size and weight of each genre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

REST = 0
"""The stratum of the genres that are too rare for their own."""


@dataclass(frozen=True, slots=True)
class DrawnTrack:
    """A drawn track."""

    track_id: int
    stratum: int
    """Genre id, or `REST`."""
    weight: float
    """Tracks of the catalog that it stands for."""
    overlap: bool
    """Two reviewers judge it."""


def merge_rare(genres: Mapping[int, Sequence[int]], size: int) -> dict[int, list[int]]:
    """Track ids by stratum; genres with fewer than two sample tracks share one stratum."""
    total = sum(len(tracks) for tracks in genres.values())
    strata: dict[int, list[int]] = {}
    for genre_id, tracks in sorted(genres.items()):
        own = len(tracks) * size >= 2 * total
        strata.setdefault(genre_id if own else REST, []).extend(tracks)
    return strata


def allocate(sizes: Mapping[int, int], size: int) -> dict[int, int]:
    """Sample sizes by stratum, proportional by largest remainder, at least one and at most all tracks of a stratum.

    The sum is `size`, or the number of all tracks if that is smaller, or the number of strata if that is larger.
    """
    total = sum(sizes.values())
    size = min(size, total)
    exact = {key: size * number / total for key, number in sizes.items()}
    allocated = {key: min(sizes[key], max(1, int(share))) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (int(exact[key]) - exact[key], key))
    while sum(allocated.values()) < size:
        for key in by_remainder:
            if sum(allocated.values()) < size and allocated[key] < sizes[key]:
                allocated[key] += 1
    # The minimum of one for small strata is taken from the strata furthest above their share.
    while sum(allocated.values()) > max(size, len(sizes)):
        largest = max(
            (key for key in allocated if allocated[key] > 1),
            key=lambda key: (allocated[key] - exact[key], key),
        )
        allocated[largest] -= 1
    return allocated


def draw_stratified(
    genres: Mapping[int, Sequence[int]], size: int, overlap: int, seed: int
) -> list[DrawnTrack]:
    """A random sample of the track ids by genre, stratified by genre, in random order; reproducible by the seed.

    A track's weight is the size of its stratum over the tracks drawn from it, so that all weights sum to the catalog.
    """
    strata = merge_rare(genres, size)
    allocated = allocate({key: len(tracks) for key, tracks in strata.items()}, size) if strata else {}
    random = np.random.default_rng(seed)
    chosen = [
        (int(track_id), key, len(strata[key]) / allocated[key])
        for key in sorted(allocated)
        for track_id in random.choice(np.sort(np.array(strata[key], np.int64)), allocated[key], replace=False)
    ]
    twice = set(random.permutation(len(chosen))[:overlap].tolist())
    order = random.permutation(len(chosen)).tolist()
    return [
        DrawnTrack(track_id, key, weight, at in twice)
        for at in order
        for track_id, key, weight in [chosen[at]]
    ]
