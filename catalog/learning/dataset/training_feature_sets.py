"""Resolves names of feature sets for training to their active versions."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import available_feature_sets
from catalog.db.tables import feature_set
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set

PROJECTED, SOURCE = "pca", "grid"
"""The feature set that is refitted in every fold, and the one whose vectors it projects."""


class UnknownFeatureSetError(CatalogError):
    """Neither the program nor the catalog has a feature set of that name."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(f"there is no feature set {name!r}; there are: {', '.join(names)}")


class NoVectorsError(CatalogError):
    """No track has a vector of the feature set."""

    def __init__(self, name: str, others: Sequence[str] = ()) -> None:
        instead = f", or use another: --feature-set {' or '.join(others)}" if others else ""
        super().__init__(
            f"no track was analyzed by {name}; run: catalog analyze --feature-set {name}{instead}"
        )


def resolve_feature_sets(connection: Connection, names: Sequence[str]) -> tuple[StoredFeatureSet, ...]:
    """The active version of each feature set.

    Raises NoVectorsError for a feature set without vectors, UnknownFeatureSetError for an unknown name.
    """
    return tuple(_resolve(connection, name) for name in names)


def _resolve(connection: Connection, name: str) -> StoredFeatureSet:
    active = active_feature_set(connection, name)
    if active is not None:
        return active
    stored = connection.execute(sa.select(feature_set.c.name).where(feature_set.c.active)).scalars().all()
    if name in available_feature_sets():
        raise NoVectorsError(name, sorted(stored))
    raise UnknownFeatureSetError(name, sorted({*stored, *available_feature_sets(), PROJECTED}))
