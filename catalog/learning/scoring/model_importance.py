"""Feature importance of a stored model: computed on its training set, and kept in its metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping

from catalog.db.database import Database
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.dataset.catalog_tracks import load_broader, load_predictable
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.snapshot_data import (
    SnapshotTracksMissingError,
    load_snapshot_tracks,
    vectors_of,
)
from catalog.learning.dataset.training_feature_sets import resolve_feature_sets
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.registry.registry import get_model, model_feature_sets, update_metrics
from catalog.learning.scoring.hierarchy_selection import stored_structure
from catalog.learning.scoring.importance import OnProgress, importances
from catalog.threads import one_thread

DIGITS = 4
"""Decimal places that are stored."""


class NoTrainingSetError(CatalogError):
    """The model was not trained on tracks of the catalog."""


@one_thread()
def model_importance(
    database: Database,
    model_id: int,
    feature_sets: Sequence[str] | None = None,
    *,
    on_progress: OnProgress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Importance of each feature group, for the model's feature sets or for `feature_sets` with its recipe refitted.

    The result is stored in the model's metrics, as `importance` by feature sets, and is read from there if the
    vectors are the same. Raises NoModelError, NoTrainingSetError, SnapshotTracksMissingError, the errors of
    `resolve_feature_sets`, VectorsMissingError, SingleFeatureGroupError or NotFiniteError, before anything is fitted.
    """
    with database.read() as connection:
        row = get_model(connection, model_id)
        recipes = _recipes(connection, row, feature_sets)
        try:
            members = load_snapshot_tracks(connection, row["snapshot_id"])
        except SnapshotTracksMissingError:
            raise SnapshotTracksMissingError(
                f"some training tracks of model {row['id']} have been removed since; train again: catalog train"
            ) from None
        vectors = vectors_of(connection, recipes, members.track_ids)
        # In the order of the columns of `SnapshotTracks`, which is that of the genres' ids.
        classes = sorted(row["class_order"])
        broader, genre_names = load_broader(connection)
        hierarchy = Hierarchy.of(classes, broader, predictable=load_predictable(connection))
    names = [recipe.name for recipe in recipes]
    key = "+".join(names)
    stored = (row["metrics"].get("importance") or {}).get(key)
    if stored is not None and stored["vectors"] == vectors.digest:
        return dict(stored)
    chains = stored_structure(row["metrics"], hierarchy)
    recipe = TrainingRecipe(row["algorithm"], row["parameters"]["classifier"], None, vectors.blocks, chains)
    result = importances(
        vectors.X,
        members.y,
        members.groups,
        [genre_names[genre_id] for genre_id in classes],
        [dimension for feature_set in recipes for dimension in feature_set.dimensions],
        recipe.full_algorithm,
        recipe.parameters,
        seed=row["seed"] or 0,
        on_progress=on_progress,
    )
    facts = {"feature_sets": names, "vectors": vectors.digest, **_rounded(asdict(result))}
    with database.write() as connection:
        others = get_model(connection, model_id)["metrics"].get("importance") or {}
        update_metrics(connection, model_id, importance={**others, key: facts})
    return facts


def _recipes(
    connection: Connection, row: RowMapping, feature_sets: Sequence[str] | None
) -> tuple[StoredFeatureSet, ...]:
    """The model's own feature sets, or the active versions of the named ones."""
    if row["snapshot_id"] is None:
        raise NoTrainingSetError(
            f"model {row['id']} was not trained on tracks of this catalog, so it has no feature importance; "
            "list the others: catalog models list"
        )
    if not feature_sets:
        return model_feature_sets(connection, row["id"])
    return resolve_feature_sets(connection, feature_sets)


def _rounded(value: Any) -> Any:
    """The value as JSON holds it, with floats rounded."""
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), DIGITS) + 0.0  # -0.0 becomes 0.0
    return value
