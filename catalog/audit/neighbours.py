"""Neighbours: the tracks by other artists that sound most alike."""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEIGHBOURS = 10
CHUNK_CELLS = 20_000_000  # of similarities held at once: 80 MB
NOBODY = -1


def standardised(X: Matrix) -> npt.NDArray[np.float32]:
    """(n, dimensions): each dimension less its mean and over its deviation, each row of length 1."""
    mean, deviation = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    rows = ((X - mean) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def nearest_of_other_groups(
    X: Matrix, groups: Integers, asked: Integers, *, count: int = NEIGHBOURS
) -> Integers:
    """(asked, count): positions of the nearest tracks, nearest first, by cosine of standardised vectors.

    X is (n, dimensions), groups (n,), `asked` positions. No neighbour shares the track's group: that its own artist
    sounds alike says nothing. Where there are fewer than `count` others the rest is NOBODY.
    """
    rows = standardised(X)
    found = np.full((len(asked), count), NOBODY, dtype=np.int64)
    step = max(1, CHUNK_CELLS // max(len(rows), 1))
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        alike = rows[part] @ rows.T
        alike[groups[part][:, None] == groups[None, :]] = -np.inf
        width = min(count, alike.shape[1])
        best = np.argpartition(-alike, width - 1, axis=1)[:, :width]
        order = np.argsort(-np.take_along_axis(alike, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        best[np.isneginf(np.take_along_axis(alike, best, axis=1))] = NOBODY
        found[start : start + len(part), :width] = best
    return found
