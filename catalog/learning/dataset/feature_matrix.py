"""Vectors of several feature sets side by side: a block of columns for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Float32, Integers
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import load_matrix


def feature_widths(recipes: Sequence[StoredFeatureSet]) -> tuple[int, ...]:
    """How many columns each recipe has."""
    return tuple(len(recipe.dimensions) for recipe in recipes)


def load_feature_matrix(
    connection: Connection, recipes: Sequence[StoredFeatureSet], track_ids: Sequence[int] | Integers
) -> tuple[Integers, Float32]:
    """The vectors of the recipes, from left to right in their order, of those of the tracks that have all of them.

    Gives the tracks' ids, ascending, and a matrix (tracks, sum of dimensions) in the same order. Raises
    WrongLengthError.
    """
    ids = np.unique(np.asarray(track_ids, np.int64))
    parts: list[tuple[Integers, Float32]] = []
    for recipe in recipes:
        found, matrix = load_matrix(connection, recipe, ids)
        parts.append((found, matrix))
        ids = found  # those that lack one block need not be read for the next
    if all(len(found) == len(ids) for found, _ in parts):
        return ids, parts[0][1] if len(parts) == 1 else np.hstack([matrix for _, matrix in parts])
    return ids, np.hstack([matrix[np.searchsorted(found, ids)] for found, matrix in parts])
