"""The rival of a new model: the recipe of the one in force, refitted on the same folds of the same tracks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.class_support import Support
from catalog.learning.dataset.feature_matrix import feature_widths, load_feature_matrix
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.labeled_tracks import LabeledTracks
from catalog.learning.dataset.sampled_tracks import sample_labels
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.cross_fit import CrossFit, FittedModel, cross_fit
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.registry.registry import ZERO_SHOT, active_model, model_feature_sets
from catalog.learning.scoring.gate import Comparison, PromotionVerdict, compare_models_on_gate
from catalog.learning.scoring.hierarchy_selection import stored_structure

FEWEST_JUDGED = 30
"""Tracks of a check sample that have to be judged before it has a say: of fewer, chance decides."""


@dataclass(frozen=True, eq=False)
class Challenger:
    """A new model and what it was fitted on."""

    learned: TrainingRecipe
    recipes: tuple[StoredFeatureSet, ...]
    """Of the vectors `X` (n, dimensions) of the snapshot's tracks."""
    X: Matrix
    snapshot: Snapshot
    hierarchy: Hierarchy
    fitted: CrossFit
    precision: float


def compare_with_champion(
    connection: Connection, contender: Challenger, tracks: LabeledTracks, support: Mapping[int, Support]
) -> PromotionVerdict | None:
    """What the gate says of a new model; None where there is nothing to compare with, or no difference.

    The recipe in force learns from its own vectors; where these lack some of the tracks, both are compared on the rest.
    """
    row = active_model(connection)
    if row is None or row["algorithm"] == ZERO_SHOT:
        return None
    takes = model_feature_sets(connection, row["id"])
    learned = TrainingRecipe(
        row["algorithm"],
        row["parameters"]["classifier"],
        row["parameters"].get("projection"),
        feature_widths(takes),
        stored_structure(row["metrics"], contender.hierarchy),
    )
    frozen = contender.snapshot
    if takes == contender.recipes:
        if learned == contender.learned:
            return None
        ids, X = frozen.track_ids, contender.X
    else:
        ids, X = load_feature_matrix(connection, takes, frozen.track_ids)
    both = np.isin(frozen.track_ids, ids)
    y, groups = frozen.y[both], frozen.groups.number[both]
    try:
        rival = cross_fit(
            X,
            y,
            groups,
            contender.hierarchy,
            learned.behind_projection,
            learned.parameters,
            precision=contender.precision,
            seed=frozen.seed,
        )
    except (ValueError, CatalogError):
        return None  # with so few tracks in common nothing can be learned, nor compared
    return PromotionVerdict(
        rival=row["id"],
        on_folds=compare_models_on_gate(
            y, contender.fitted.choice[both], rival.choice, groups, len(frozen.classes), seed=frozen.seed
        ),
        on_sample=_on_sample(connection, contender, rival, takes, tracks, support),
    )


def _on_sample(
    connection: Connection,
    contender: Challenger,
    rival: CrossFit,
    takes: tuple[StoredFeatureSet, ...],
    tracks: LabeledTracks,
    support: Mapping[int, Support],
) -> Comparison | None:
    """Both models, fitted on all they may learn from, on the judged tracks of the check sample."""
    judged, genres = sample_labels(connection)
    column = {genre: at for at, genre in enumerate(contender.snapshot.classes)}
    counted = [support[genre].counts_for if genre in support else genre for genre in genres.tolist()]
    y = np.array([column.get(genre or 0, -1) for genre in counted], dtype=np.int64)
    known = (y >= 0) & np.isin(judged, tracks.ids)
    ids, mine = load_feature_matrix(connection, contender.recipes, judged[known])
    theirs_ids, theirs = load_feature_matrix(connection, takes, ids)
    if len(theirs_ids) < FEWEST_JUDGED:
        return None
    mine_too = np.isin(ids, theirs_ids)
    return compare_models_on_gate(
        y[np.isin(judged, theirs_ids)],
        _choice(contender.fitted.model, mine[mine_too]),
        _choice(rival.model, theirs),
        connected_groups([tracks.origins[at] for at in tracks.at(theirs_ids)]).number,
        len(contender.snapshot.classes),
        seed=contender.snapshot.seed,
    )


def _choice(model: FittedModel, X: Matrix) -> Integers:
    return np.asarray(model.probability(X).argmax(axis=1), dtype=np.int64)
