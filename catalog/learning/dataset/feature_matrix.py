"""Feature matrix: concatenated vectors of several feature sets, and the errors for data that cannot be trained on."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Float32, Integers, Matrix
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import load_matrix


def feature_widths(recipes: Sequence[StoredFeatureSet]) -> tuple[int, ...]:
    """The number of columns of each feature set."""
    return tuple(len(recipe.dimensions) for recipe in recipes)


def load_feature_matrix(
    connection: Connection, recipes: Sequence[StoredFeatureSet], track_ids: Sequence[int] | Integers
) -> tuple[Integers, Float32]:
    """The concatenated vectors of the tracks that have a vector of every feature set.

    Returns the tracks' ids, ascending, and a matrix (tracks, sum of dimensions) in the same order. Raises
    WrongLengthError.
    """
    ids = np.unique(np.asarray(track_ids, np.int64))
    parts: list[tuple[Integers, Float32]] = []
    for recipe in recipes:
        ids, matrix = load_matrix(connection, recipe, ids)  # tracks without this vector are not read again
        parts.append((ids, matrix))
    if all(len(part_ids) == len(ids) for part_ids, _ in parts):
        return ids, parts[0][1] if len(parts) == 1 else np.hstack([matrix for _, matrix in parts])
    return ids, np.hstack([matrix[np.searchsorted(part_ids, ids)] for part_ids, matrix in parts])


class UntrainableDataError(CatalogError):
    """No model can be trained on these tracks."""


class NotFiniteError(UntrainableDataError):
    """Vectors hold numbers that are not finite."""

    def __init__(self, vectors: int, feature_sets: Sequence[str] = (), first: int | None = None) -> None:
        of = f" of {' and '.join(feature_sets)}" if feature_sets else ""
        which = "" if first is None else f", the first that of track {first}"
        what = f"1 vector{of} holds" if vectors == 1 else f"{vectors:,} vectors{of} hold"
        super().__init__(f"{what} numbers that are not finite{which}; import or compute them again")


def require_finite(X: Matrix, feature_sets: Sequence[str] = (), track_ids: Integers | None = None) -> None:
    """Raises NotFiniteError if vectors (n, dimensions) of the tracks with these ids (n,) contain NaN or infinity."""
    wrong = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if len(wrong):
        first = None if track_ids is None else int(track_ids[wrong[0]])
        raise NotFiniteError(len(wrong), feature_sets, first)
