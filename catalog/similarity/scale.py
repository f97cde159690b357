"""Standardization of feature vectors."""

from collections.abc import Iterator

import numpy as np

from catalog.arrays import Float32, Floats, Matrix

CHUNK_ROWS = 20_000
"""Rows standardized at a time: a double-precision copy of a million rows would take 4 GB."""


def moments(X: Matrix) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column, (dimensions,) each; the deviation of a constant column is 1.

    In double precision, without a copy of all rows in it.
    """
    mean = X.mean(axis=0, dtype=np.float64)
    squares = sum((np.square(part - mean).sum(axis=0) for _, part in row_chunks(X)), np.zeros(X.shape[1]))
    deviation = np.sqrt(squares / max(len(X), 1))
    return mean, np.where(deviation > 0, deviation, 1.0)


def standardize(X: Matrix, mean: Floats, deviation: Floats) -> Float32:
    """(n, dimensions): columns minus their mean, divided by their deviation; computed in double precision."""
    return ((X - mean) / deviation).astype(np.float32)


def unit_vectors(X: Matrix, mean: Floats, deviation: Floats) -> Float32:
    """(n, dimensions): standardized rows of length 1; their dot product is the cosine similarity."""
    rows = np.empty(X.shape, dtype=np.float32)
    for start, part in row_chunks(X):
        scaled = standardize(part, mean, deviation)
        rows[start : start + len(part)] = scaled / np.maximum(
            np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12
        )
    return rows


def row_chunks(X: Matrix, most: int | None = None) -> Iterator[tuple[int, Matrix]]:
    """Slices of at most `most` and CHUNK_ROWS rows, each with the position of its first row."""
    step = max(1, CHUNK_ROWS if most is None else min(most, CHUNK_ROWS))
    for start in range(0, len(X), step):
        yield start, X[start : start + step]
