"""Errors for data that no model can be trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catalog.arrays import Integers, Matrix
from catalog.errors import CatalogError


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
