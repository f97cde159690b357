"""Exact nearest neighbors by cosine similarity, outside each track's own group."""

from collections.abc import Sequence

import numpy as np

from catalog.arrays import Float32, Integers, Matrix
from catalog.similarity.scale import moments, row_chunks, unit_vectors

NEIGHBORS = 10
CHUNK_CELLS = 20_000_000
"""Similarities in memory at a time: 80 MB."""
QUERIES_AT_ONCE = 1_000
"""Query tracks per pass over the matrix: with few queries the pass costs more than the products."""
NO_NEIGHBOR = -1


def nearest_of_other_groups(
    X: Matrix, groups: Integers, queries: Integers, *, count: int = NEIGHBORS
) -> Integers:
    """(queries, count): positions of the nearest tracks, nearest first, by cosine similarity of standardized vectors.

    X is (n, dimensions), groups (n,), `queries` positions. Neighbors are of other groups, because tracks of one artist
    are similar whatever their genre. Rows with fewer than `count` candidates end with NO_NEIGHBOR.
    """
    [positions] = nearest_tracks(X, [groups], queries, count=count)
    return positions


def nearest_tracks(
    X: Matrix, groupings: Sequence[Integers], queries: Integers, *, count: int = NEIGHBORS
) -> list[Integers]:
    """`nearest_of_other_groups` for several groupings, each (n,), with one pass over the matrix."""
    return nearest_to(X, groupings, X[queries], [groups[queries] for groups in groupings], count=count)


def nearest_to(
    X: Matrix,
    groupings: Sequence[Integers],
    vectors: Matrix,
    groups_of_vectors: Sequence[Integers],
    *,
    count: int = NEIGHBORS,
) -> list[Integers]:
    """`nearest_tracks` for query vectors (queries, dimensions) that need not be in X, with their groups (queries,)."""
    mean, deviation = moments(X)
    rows = unit_vectors(vectors, mean, deviation)
    nearest = [_Nearest(len(rows), count) for _ in groupings]
    for start, part in row_chunks(X, CHUNK_CELLS // max(min(len(rows), QUERIES_AT_ONCE), 1)):
        candidates = unit_vectors(part, mean, deviation)
        for first in range(0, len(rows), QUERIES_AT_ONCE):
            batch = slice(first, first + QUERIES_AT_ONCE)
            similarity = rows[batch] @ candidates.T
            for groups, own, table in zip(groupings, groups_of_vectors, nearest, strict=True):
                same_group = own[batch][:, None] == groups[None, start : start + len(part)]
                table.update(batch, np.where(same_group, -np.inf, similarity), start)
    return [np.where(np.isneginf(table.similarity), NO_NEIGHBOR, table.position) for table in nearest]


class _Nearest:
    """The nearest candidates up to now, nearest first: (queries, count)."""

    def __init__(self, queries: int, count: int) -> None:
        self.similarity = np.full((queries, count), -np.inf, np.float32)
        self.position = np.full((queries, count), NO_NEIGHBOR, np.int64)

    def update(self, batch: slice, similarity: Float32, start: int) -> None:
        """Adds candidates from position `start` on; `similarity` (batch, n) is -inf for excluded ones."""
        count = self.similarity.shape[1]
        width = min(count, similarity.shape[1])
        top = np.argpartition(similarity, -width, axis=1)[:, -width:]
        merged = np.hstack([self.similarity[batch], np.take_along_axis(similarity, top, axis=1)])
        position = np.hstack([self.position[batch], top + start])
        order = np.argsort(-merged, axis=1, kind="stable")[:, :count]
        self.similarity[batch] = np.take_along_axis(merged, order, axis=1)
        self.position[batch] = np.take_along_axis(position, order, axis=1)
