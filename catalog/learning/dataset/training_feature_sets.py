"""The feature sets that can be learned from: what a name stands for in a catalog, and what is wrong where it does not."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import available_feature_sets
from catalog.db.tables import feature_set
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set

PROJECTED, SOURCE = "pca", "grid"
"""The feature set that is fitted anew in every fold, and the one whose vectors are read for it."""


class UnknownFeatureSetError(CatalogError):
    """Neither the program nor the catalog has a feature set of that name."""

    def __init__(self, name: str, there_are: Sequence[str]) -> None:
        super().__init__(f"there is no feature set {name!r}; there are: {', '.join(there_are)}")


class NoVectorsError(CatalogError):
    """No track has a vector of the feature set that is to be learned from."""

    def __init__(self, name: str, there_are: Sequence[str] = ()) -> None:
        instead = f", or name what there is: --feature-set {' or '.join(there_are)}" if there_are else ""
        super().__init__(
            f"no track was analyzed by {name}; run: catalog analyze --feature-set {name}{instead}"
        )


def resolve_feature_sets(connection: Connection, names: Sequence[str]) -> tuple[StoredFeatureSet, ...]:
    """The recipe that each name stands for.

    Raises NoVectorsError for one that nothing was computed by, UnknownFeatureSetError for one that could not be.
    """
    return tuple(_recipe(connection, name) for name in names)


def _recipe(connection: Connection, name: str) -> StoredFeatureSet:
    found = active_feature_set(connection, name)
    if found is not None:
        return found
    stored = connection.execute(sa.select(feature_set.c.name).where(feature_set.c.active)).scalars().all()
    if name in available_feature_sets():
        raise NoVectorsError(name, sorted(stored))
    raise UnknownFeatureSetError(name, sorted({*stored, *available_feature_sets(), PROJECTED}))
