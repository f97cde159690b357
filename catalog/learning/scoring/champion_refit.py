"""Champion against challenger: refits the recipe of the active model on the folds of a new one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.catalog_tracks import CatalogTracks
from catalog.learning.dataset.class_support import Support
from catalog.learning.dataset.exclusion import sample_labels
from catalog.learning.dataset.feature_matrix import feature_widths, load_feature_matrix
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.cross_fit import CrossFit, FittedModel, cross_fit
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.registry.registry import ZERO_SHOT, active_model, model_feature_sets
from catalog.learning.scoring.gate import Comparison, PromotionVerdict, compare_models_on_gate
from catalog.learning.scoring.hierarchy_selection import stored_structure

MIN_JUDGED_TRACKS = 30
"""Judged tracks of an audit sample below which it is not used: chance would decide."""


@dataclass(frozen=True, eq=False)
class Challenger:
    """A new model and the data that it was fitted on."""

    recipe: TrainingRecipe
    feature_sets: tuple[StoredFeatureSet, ...]
    """Of the vectors `X` (n, dimensions) of the snapshot's tracks."""
    X: Matrix
    snapshot: Snapshot
    hierarchy: Hierarchy
    fitted: CrossFit
    precision: float


def compare_with_champion(
    connection: Connection, challenger: Challenger, tracks: CatalogTracks, support: Mapping[int, Support]
) -> PromotionVerdict | None:
    """The gate's verdict on a new model; None where no trained model is active or the recipes are equal.

    The champion is fitted on its own feature sets. Where these lack some of the tracks, both are compared on the rest.
    """
    row = active_model(connection)
    if row is None or row["algorithm"] == ZERO_SHOT:
        return None
    feature_sets = model_feature_sets(connection, row["id"])
    recipe = TrainingRecipe(
        row["algorithm"],
        row["parameters"]["classifier"],
        row["parameters"].get("projection"),
        feature_widths(feature_sets),
        stored_structure(row["metrics"], challenger.hierarchy),
    )
    frozen = challenger.snapshot
    if feature_sets == challenger.feature_sets:
        if recipe == challenger.recipe:
            return None
        ids, X = frozen.track_ids, challenger.X
    else:
        ids, X = load_feature_matrix(connection, feature_sets, frozen.track_ids)
    in_both = np.isin(frozen.track_ids, ids)
    y, groups = frozen.y[in_both], frozen.groups.number[in_both]
    try:
        champion = cross_fit(
            X,
            y,
            groups,
            challenger.hierarchy,
            recipe.full_algorithm,
            recipe.parameters,
            precision=challenger.precision,
            seed=frozen.seed,
        )
    except (ValueError, CatalogError):
        return None  # too few tracks in common to fit a model
    return PromotionVerdict(
        champion_id=row["id"],
        on_folds=compare_models_on_gate(
            y,
            challenger.fitted.choice[in_both],
            champion.choice,
            groups,
            len(frozen.classes),
            seed=frozen.seed,
        ),
        on_sample=_compare_on_sample(connection, challenger, champion, feature_sets, tracks, support),
    )


def _compare_on_sample(
    connection: Connection,
    challenger: Challenger,
    champion: CrossFit,
    champion_sets: tuple[StoredFeatureSet, ...],
    tracks: CatalogTracks,
    support: Mapping[int, Support],
) -> Comparison | None:
    """Compares both models, fitted on their whole training sets, on the judged tracks of the audit sample."""
    judged, genres = sample_labels(connection)
    column = {genre: at for at, genre in enumerate(challenger.snapshot.classes)}
    counted = [support[genre].counts_for if genre in support else genre for genre in genres.tolist()]
    y = np.array([column.get(genre or 0, -1) for genre in counted], dtype=np.int64)
    is_usable = (y >= 0) & np.isin(judged, tracks.ids)
    challenger_ids, challenger_X = load_feature_matrix(connection, challenger.feature_sets, judged[is_usable])
    ids, champion_X = load_feature_matrix(connection, champion_sets, challenger_ids)
    if len(ids) < MIN_JUDGED_TRACKS:
        return None
    return compare_models_on_gate(
        y[np.isin(judged, ids)],
        _choice(challenger.fitted.model, challenger_X[np.isin(challenger_ids, ids)]),
        _choice(champion.model, champion_X),
        connected_groups([tracks.origins[at] for at in tracks.at(ids)]).number,
        len(challenger.snapshot.classes),
        seed=challenger.snapshot.seed,
    )


def _choice(model: FittedModel, X: Matrix) -> Integers:
    return np.asarray(model.probability(X).argmax(axis=1), dtype=np.int64)
