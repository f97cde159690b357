"""Neighbors: the tracks by other artists that sound most alike."""

from collections.abc import Iterator, Sequence

import numpy as np

from catalog.arrays import Float32, Floats, Integers, Matrix

NEIGHBORS = 10
CHUNK_CELLS = 20_000_000  # of similarities held at once: 80 MB
ASKED_AT_ONCE = 1_000
"""The matrix is gone through once for so many, which costs more than their products where they are few."""
CHUNK_ROWS = 20_000  # standardized at once: a copy of a million rows would be another 2 GB
NOBODY = -1


def moments(X: Matrix) -> tuple[Floats, Floats]:
    """(dimensions,) twice: the mean of each dimension, and its deviation, 1 where it does not vary.

    In double precision, without a copy of all rows in it.
    """
    mean = X.mean(axis=0, dtype=np.float64)
    squares = sum((np.square(part - mean).sum(axis=0) for _, part in _chunks(X)), np.zeros(X.shape[1]))
    deviation = np.sqrt(squares / max(len(X), 1))
    return mean, np.where(deviation > 0, deviation, 1.0)


def standardize(X: Matrix) -> Float32:
    """(n, dimensions): each dimension less its mean and over its deviation, each row of length 1."""
    rows = np.empty(X.shape, dtype=np.float32)
    mean, deviation = moments(X)
    for start, part in _chunks(X):
        rows[start : start + len(part)] = _rows(part, mean, deviation)
    return rows


def nearest_of_other_groups(
    X: Matrix, groups: Integers, asked: Integers, *, count: int = NEIGHBORS
) -> Integers:
    """(asked, count): positions of the nearest tracks, nearest first, by cosine of standardized vectors.

    X is (n, dimensions), groups (n,), `asked` positions. No neighbor shares the track's group: that its own artist
    sounds alike says nothing. Where there are fewer than `count` others the rest is NOBODY.
    """
    [found] = nearest_tracks(X, [groups], asked, count=count)
    return found


def nearest_tracks(
    X: Matrix, groupings: Sequence[Integers], asked: Integers, *, count: int = NEIGHBORS
) -> list[Integers]:
    """The same for several groupings, each (n,), at the cost of little more than one."""
    mean, deviation = moments(X)
    rows = _rows(X[asked], mean, deviation)
    best = [_Best.none(len(asked), count) for _ in groupings]
    for start, part in _chunks(X, CHUNK_CELLS // max(min(len(asked), ASKED_AT_ONCE), 1)):
        candidates = _rows(part, mean, deviation)
        for first in range(0, len(asked), ASKED_AT_ONCE):
            some = slice(first, first + ASKED_AT_ONCE)
            alike = rows[some] @ candidates.T
            for groups, found in zip(groupings, best, strict=True):
                same = groups[asked[some]][:, None] == groups[None, start : start + len(part)]
                found.take_in(some, np.where(same, -np.inf, alike), start)
    return [np.where(np.isneginf(found.alike), NOBODY, found.position) for found in best]


class _Best:
    """The nearest of those that were seen, nearest first: (asked, count)."""

    def __init__(self, alike: Float32, position: Integers) -> None:
        self.alike = alike
        self.position = position

    @classmethod
    def none(cls, asked: int, count: int) -> "_Best":
        return cls(np.full((asked, count), -np.inf, np.float32), np.full((asked, count), NOBODY, np.int64))

    def take_in(self, some: slice, alike: Float32, start: int) -> None:
        """The similarities (some, n) of tracks from position `start` on, -inf where they do not count."""
        count = self.alike.shape[1]
        width = min(count, alike.shape[1])
        likest = np.argpartition(alike, -width, axis=1)[:, -width:]
        both = np.hstack([self.alike[some], np.take_along_axis(alike, likest, axis=1)])
        position = np.hstack([self.position[some], likest + start])
        order = np.argsort(-both, axis=1, kind="stable")[:, :count]
        self.alike[some] = np.take_along_axis(both, order, axis=1)
        self.position[some] = np.take_along_axis(position, order, axis=1)


def _rows(part: Matrix, mean: Floats, deviation: Floats) -> Float32:
    rows = ((part - mean) / deviation).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _chunks(X: Matrix, most: int = CHUNK_ROWS) -> Iterator[tuple[int, Matrix]]:
    step = max(1, min(most, CHUNK_ROWS))
    for start in range(0, len(X), step):
        yield start, X[start : start + step]
