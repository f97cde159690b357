"""The space for clustering: standardized vectors on their principal components, read in chunks."""

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
"""Feature sets with dimensions in one unit, the decibel, which are not standardized."""
COMPONENTS = 50
VARIANCE = 0.95
"""Share of the variance that the principal components keep, with at most COMPONENTS of them: in hundreds of redundant
dimensions nearly all distances are equal."""
FARTHEST = 5.0
"""Standard deviations at which a dimension is clipped: one track with a kurtosis of thousands is not a cluster."""
FITTED = 5_000
"""Random tracks that the scale and the components are fitted to."""
CHUNK = 10_000
"""Full vectors in memory together."""


@dataclass(frozen=True, eq=False)
class Space:
    """Scale and components, fitted to a sample of the tracks."""

    mean: Float32
    """(d,)."""
    deviation: Float32
    """(d,): 1 for constant dimensions, and for feature sets that are not standardized."""
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
    """Tracks left out because their vector is not finite."""
    variance: float
    """The share of the variance in the k dimensions."""


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
    """The tracks (ids, ascending) with a usable vector, in the space of that feature set.

    Full vectors are in memory for CHUNK tracks at a time. Returns no points if no track has a usable vector.
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
        loaded_ids, vectors = load_matrix(connection, recipe, track_ids[start : start + CHUNK])
        finite = np.isfinite(vectors).all(axis=1)
        unusable += int((~finite).sum())
        until = filled + int(finite.sum())
        ids[filled:until], matrix[filled:until] = loaded_ids[finite], space.apply(vectors[finite])
        filled = until
        if on_progress is not None:
            on_progress(min(start + CHUNK, len(track_ids)), len(track_ids))
    variance = float(space.projection.curve[components - 1])
    return Points(ids[:filled], matrix[:filled], unusable, variance)
