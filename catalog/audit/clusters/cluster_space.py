"""The space that tracks are clustered in: vectors on one scale, on their principal components, read in chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Float32, Integers
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import load_matrix
from catalog.learning.fitting.pca import Projection, fit_projection
from catalog.similarity.scale import standardize

ONE_UNIT = frozenset({"grid", "pca"})
"""Feature sets whose dimensions are of one unit, the decibel: their scales are left as they are."""
COMPONENTS = 50
VARIANCE = 0.95
"""Principal components are kept up to this share of the variance, at most COMPONENTS of them: distances in hundreds of
dimensions that say the same in many ways are nearly all alike."""
FARTHEST = 5.0
"""Deviations beyond which a dimension counts no more: one track with a kurtosis of thousands is no cluster."""
FITTED = 5_000
"""Tracks, evenly drawn, that the scale and the components are taken from."""
CHUNK = 10_000
"""Vectors in their full length that are held at once."""


@dataclass(frozen=True, eq=False)
class Space:
    """Scale and components, fitted to some of the tracks."""

    mean: Float32
    """(d,)."""
    deviation: Float32
    """(d,): 1 where a dimension is constant, or keeps its scale."""
    is_clipped: bool
    projection: Projection

    def apply(self, X: Float32) -> Float32:
        """(n, k): coordinates of vectors (n, d)."""
        scaled = (X - self.mean) / self.deviation
        if self.is_clipped:
            np.clip(scaled, -FARTHEST, FARTHEST, out=scaled)
        return self.projection.apply(scaled)


@dataclass(frozen=True, eq=False)
class Points:
    """n tracks in a space of k dimensions."""

    track_ids: Integers
    """(n,), ascending."""
    matrix: Float32
    """(n, k)."""
    unusable: int
    """Tracks left out because a number of their vector is not finite."""
    variance: float
    """The share of the variance that the k dimensions hold."""


def fit_space(X: Float32, *, keeps_scale: bool, seed: int = 0) -> Space:
    """The space of vectors (n, d). With `keeps_scale` dimensions are not standardized."""
    mean = X.mean(axis=0, dtype=np.float64)
    # Not `scale.moments`, which adds the squares in another order: cluster audits keep their numbers.
    deviation = X.std(axis=0, dtype=np.float64)
    deviation = np.ones_like(deviation) if keeps_scale else np.where(deviation > 0, deviation, 1.0)
    scaled = standardize(X, mean, deviation)
    if not keeps_scale:
        np.clip(scaled, -FARTHEST, FARTHEST, out=scaled)
    projection = fit_projection(scaled, VARIANCE, seed=seed)
    shortened = replace(projection, components=projection.components[:COMPONENTS])
    return Space(mean.astype(np.float32), deviation.astype(np.float32), not keeps_scale, shortened)


def load_points(
    connection: Connection,
    recipe: StoredFeatureSet,
    track_ids: Integers,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Points:
    """The tracks (ids, ascending) that have a usable vector, in the space of that feature set.

    Whole vectors are held for CHUNK tracks at a time. Gives no points where no track has a usable vector.
    """
    random = np.random.default_rng(seed)
    drawn = np.sort(random.choice(track_ids, min(FITTED, len(track_ids)), replace=False))
    _, sample = load_matrix(connection, recipe, drawn)
    sample = sample[np.isfinite(sample).all(axis=1)]
    if not len(sample):
        return Points(np.empty(0, np.int64), np.empty((0, 1), np.float32), len(track_ids), 0.0)
    space = fit_space(sample, keeps_scale=recipe.name in ONE_UNIT, seed=seed)
    components = len(space.projection.components)
    ids = np.empty(len(track_ids), np.int64)
    matrix = np.empty((len(track_ids), components), np.float32)
    filled = unusable = 0
    for start in range(0, len(track_ids), CHUNK):
        found, vectors = load_matrix(connection, recipe, track_ids[start : start + CHUNK])
        finite = np.isfinite(vectors).all(axis=1)
        unusable += int((~finite).sum())
        until = filled + int(finite.sum())
        ids[filled:until], matrix[filled:until] = found[finite], space.apply(vectors[finite])
        filled = until
        if on_progress is not None:
            on_progress(min(start + CHUNK, len(track_ids)), len(track_ids))
    held = float(space.projection.curve[components - 1])
    return Points(ids[:filled], matrix[:filled], unusable, held)
