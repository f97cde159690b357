"""The feature importance of a model in the registry: computed on its training set, and kept among its metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.database import Database
from catalog.db.tables import genre
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.labeled_tracks import load_broader, load_predictable
from catalog.learning.dataset.snapshot_data import (
    SnapshotTracks,
    SnapshotTracksMissingError,
    Vectors,
    load_snapshot_tracks,
    vectors_of,
)
from catalog.learning.dataset.training_feature_sets import resolve_feature_sets
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.registry.registry import get_model, model_feature_sets, update_metrics
from catalog.learning.scoring.feature_groups import ALIKE
from catalog.learning.scoring.hierarchy_selection import stored_structure
from catalog.learning.scoring.importance import OnProgress, importances

VERSION = 2
"""Of what is kept; raised by hand where it has other figures than before. 2: intervals of pairs."""
DIGITS = 4
"""Behind the point: more would only be noise to keep."""


class NoTrainingSetError(CatalogError):
    """The model did not learn from tracks of the catalog."""


def model_importance(
    database: Database,
    model_id: int,
    feature_sets: Sequence[str] | None = None,
    *,
    on_progress: OnProgress = lambda _done, _total: None,
) -> dict[str, Any]:
    """The importance of the families of a model's feature sets, or of others: its recipe is fitted on those then.

    What was computed before on the same vectors is read from the model's metrics, where `importance` holds it by feature
    sets. Raises NoModelError, NoTrainingSetError, SnapshotTracksMissingError, what `resolve_feature_sets` does, VectorsMissingError, SingleFeatureGroupError, or NotFiniteError,
    before anything is fitted.
    """
    with database.read() as connection:
        row = get_model(connection, model_id)
        recipes = _recipes(connection, row, feature_sets)
        members = _members(connection, row)
        vectors = vectors_of(connection, recipes, members.track_ids)
        genres = _genres(connection, row["class_order"])
        hierarchy = _hierarchy(connection, row["class_order"])
    names = [recipe.name for recipe in recipes]
    key = "+".join(names)
    known = (row["metrics"].get("importance") or {}).get(key)
    if known is not None and all(known.get(name) == value for name, value in _how(vectors).items()):
        return dict(known)
    chains = stored_structure(row["metrics"], hierarchy)
    learned = TrainingRecipe(row["algorithm"], row["parameters"]["classifier"], None, vectors.blocks, chains)
    found = importances(
        vectors.X,
        members.y,
        members.groups,
        genres,
        [dimension for recipe in recipes for dimension in recipe.dimensions],
        learned.behind_projection,
        learned.parameters,
        seed=row["seed"] or 0,
        on_progress=on_progress,
    )
    told = {"feature_sets": names, **_how(vectors), **_rounded(asdict(found))}
    facts: dict[str, Any] = json.loads(json.dumps(told))  # as it is read from the database
    with database.write() as connection:
        kept = get_model(connection, model_id)["metrics"].get("importance") or {}
        update_metrics(connection, model_id, importance={**kept, key: facts})
    return facts


def _how(vectors: Vectors) -> dict[str, Any]:
    """What importance rests on beside the model: where any of it is another, it is computed anew."""
    return {"vectors": vectors.digest, "alike": ALIKE, "version": VERSION}


def _recipes(
    connection: Connection, row: RowMapping, feature_sets: Sequence[str] | None
) -> tuple[StoredFeatureSet, ...]:
    """The model's own, or what these names stand for."""
    if row["snapshot_id"] is None:
        raise NoTrainingSetError(
            f"model {row['id']} did not learn from tracks of this catalog, so no score of it can be taken apart; "
            "see the others: catalog models list"
        )
    if not feature_sets:
        return model_feature_sets(connection, row["id"])
    return resolve_feature_sets(connection, feature_sets)


def _members(connection: Connection, row: RowMapping) -> SnapshotTracks:
    try:
        return load_snapshot_tracks(connection, row["snapshot_id"])
    except SnapshotTracksMissingError:
        raise SnapshotTracksMissingError(
            f"some of the tracks that model {row['id']} learned from have been removed since; learn anew: catalog train"
        ) from None


def _genres(connection: Connection, class_order: Sequence[int]) -> list[str]:
    """Names in the order of the columns of `Members`, which is that of the genres' ids."""
    rows = connection.execute(sa.select(genre.c.name).where(genre.c.id.in_(class_order)).order_by(genre.c.id))
    return list(rows.scalars())


def _hierarchy(connection: Connection, class_order: Sequence[int]) -> Hierarchy:
    """That of the model's classes in today's vocabulary, with columns in the order of `Members`."""
    broader, _ = load_broader(connection)
    return Hierarchy.of(sorted(class_order), broader, answerable=load_predictable(connection))


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), DIGITS) + 0.0  # minus nothing is nothing
    return value
