"""Training: snapshot, cross-fit, score, gate, predictions, promotion; or nothing, where nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Integers
from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.retry import read_with_retry, retry_until_connected, write_with_retry
from catalog.db.tables import snapshot
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.classifiers import DEFAULT, get_algorithm
from catalog.learning.dataset.class_support import Support, class_support, classes_of, nothing_to_learn
from catalog.learning.dataset.exclusion import excluded_genres, wrong_recordings
from catalog.learning.dataset.feature_matrix import feature_widths, load_feature_matrix
from catalog.learning.dataset.groups import connected_groups
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.labeled_tracks import LabeledTracks, load_broader, load_predictable, load_tracks
from catalog.learning.dataset.sampled_tracks import sampled_tracks
from catalog.learning.dataset.snapshot import ClassRule, Snapshot, store_snapshot
from catalog.learning.dataset.training_errors import require_finite
from catalog.learning.dataset.training_feature_sets import PROJECTED, SOURCE, resolve_feature_sets
from catalog.learning.fitting.abstention import NOTHING, PRECISION, is_withheld
from catalog.learning.fitting.cross_fit import CrossFit, cross_fit
from catalog.learning.fitting.pca import VARIANCE
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.model_identity import find_identical_model, model_parameters
from catalog.learning.prediction.batch_inference import ExecutorFactory, validate_vectors
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.prediction.predictions import (
    Predictions,
    no_music_among,
    predictions_from_audio,
    store_predictions,
)
from catalog.learning.registry.artifact import save_artifact
from catalog.learning.registry.registry import (
    NewModel,
    active_model,
    add_model,
    get_model,
    model_feature_sets,
    promote,
    reject,
    store_support,
)
from catalog.learning.scoring.challenger_score import score_challenger
from catalog.learning.scoring.champion_refit import Challenger, compare_with_champion
from catalog.learning.scoring.hierarchy_selection import Structure, structured
from catalog.learning.scoring.official_split import load_split, official_score
from catalog.similarity.near_duplicates import near_duplicates

Matrix = npt.NDArray[np.float32]
Outcome = Literal["nothing to learn", "unchanged", "promoted", "rejected"]


class UnusableFeatureSetsError(CatalogError):
    """These feature sets cannot be learned from together."""


@dataclass(frozen=True)
class TrainingOptions:
    """What to fit."""

    algorithm: str = DEFAULT
    parameters: Mapping[str, Any] = field(default_factory=dict)
    feature_sets: tuple[str, ...] = ("musicnn",)
    """Whose vectors are learned from, side by side in this order."""
    rule: ClassRule = field(default_factory=lambda: ClassRule(10, 5, "leaf"))
    hierarchy: Structure = "auto"
    """Whether each term with two narrower classes has a classifier of its own, where there is one; `auto`: by numbers."""
    precision: float = PRECISION
    seed: int = 0
    force: bool = False
    """Promote whatever the gate says, and train even where nothing has changed."""
    split: Literal["fma"] | None = None
    """A split that others have published scores on: the same recipe is scored on that too."""
    search: Mapping[str, Any] | None = None
    """How algorithm and parameters were found: then its honest scores stand in the place of those that it was chosen by."""

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.feature_sets if self.feature_sets.count(name) > 1})
        if twice:
            raise UnusableFeatureSetsError(f"the feature set {twice[0]} is named twice; name each once")
        if PROJECTED in self.feature_sets and len(self.feature_sets) > 1:
            raise UnusableFeatureSetsError(
                f"{PROJECTED} is fitted anew in every fold and learned from alone: name no other beside it"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """The feature sets whose vectors are read: those of `pca` are made anew from `grid` in every fold."""
        return tuple(SOURCE if name == PROJECTED else name for name in self.feature_sets)

    @property
    def projection(self) -> dict[str, Any] | None:
        """How vectors are projected before they are learned from; None where they are not."""
        return {"variance": VARIANCE} if self.feature_sets == (PROJECTED,) else None


@dataclass(frozen=True)
class TrainingReport:
    """What came of it."""

    outcome: Outcome
    reason: str
    model_id: int | None
    """The model in force or the one rejected; None where there is none."""
    support: Mapping[int, Support]
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """All that is known before anything is fitted."""

    tracks: LabeledTracks
    recipes: tuple[StoredFeatureSet, ...]
    """Whose vectors stand side by side in X."""
    X: Matrix
    """Vectors of the snapshot's tracks; (0, dimensions) without one."""
    support: Mapping[int, Support]
    snapshot: Snapshot | None
    """None where nothing can be learned."""
    reason: str | None
    names: Mapping[int, str]
    hierarchy: Hierarchy


def train(
    database: Database, models: Path, wanted: TrainingOptions, *, spread: ExecutorFactory | None = None
) -> TrainingReport:
    """Fits, scores and, unless it is worse, promotes a model of the labeled tracks.

    The tracks of the training set get their out-of-fold predictions here; `predict` fills in the others. The same
    command on the same labels and vectors changes nothing. Raises UnknownClassifierError, UnknownParameterError,
    UnusableParameterError, UnknownFeatureSetError, NoVectorsError or UntrainableDataError before work starts; the active model stays as it is then.
    `spread` opens an executor for the predictions of many tracks. A database that goes away is waited for, and the model
    is not fitted again for it.
    """
    complete = get_algorithm(wanted.algorithm).complete(wanted.parameters)
    material = read_with_retry(database, lambda connection: build_training_set(connection, wanted))
    if material.snapshot is None:
        return TrainingReport("nothing to learn", material.reason or "", None, material.support)
    parameters = model_parameters(material, wanted, complete)
    known = None if wanted.force else _known(database, models, material, wanted, parameters, spread)
    if known is not None:
        return known
    read_with_retry(database, lambda connection: _require_hearable(connection, material))
    return _fit(database, models, material, wanted, parameters, spread)


def plan_training(connection: Connection, models: Path, wanted: TrainingOptions) -> tuple[TrainingSet, str]:
    """What `train` would learn from, and in words what it would do. Raises what it raises before work starts."""
    complete = get_algorithm(wanted.algorithm).complete(wanted.parameters)
    material = build_training_set(connection, wanted)
    if material.snapshot is None:
        return material, f"nothing to learn: {material.reason}"
    _require_hearable(connection, material)
    parameters = model_parameters(material, wanted, complete)
    row = (
        None
        if wanted.force
        else find_identical_model(connection, models, material.snapshot, wanted, parameters)
    )
    if row is None or row["status"] == "candidate":
        return material, "can be learned"
    return material, f"nothing is done: labels and vectors are those that model {row['id']} was fitted on"


def _require_hearable(connection: Connection, material: TrainingSet) -> None:
    """Raises NotFiniteError or WrongLengthError where a track that the model would be asked about cannot be heard."""
    assert material.snapshot is not None
    asked = np.setdiff1d(material.tracks.ids, material.snapshot.track_ids)
    validate_vectors(connection, material.recipes, asked)


def options_of_active_model(connection: Connection, wanted: TrainingOptions) -> TrainingOptions:
    """What is wanted, by the recipe, level, excluded genres and precision of the model in force, if one was trained.

    Whoever chose them with `catalog train` keeps them when new tracks come.
    """
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return wanted
    level, rule = connection.execute(
        sa.select(snapshot.c.level, snapshot.c.parameters).where(snapshot.c.id == row["snapshot_id"])
    ).one()
    names = tuple(recipe.name for recipe in model_feature_sets(connection, row["id"]))
    return replace(
        wanted,
        feature_sets=(PROJECTED,) if "projection" in row["parameters"] else names,
        algorithm=row["algorithm"],
        parameters=row["parameters"]["classifier"],
        hierarchy=row["parameters"].get("hierarchy", "auto"),
        precision=row["parameters"]["precision"],
        rule=replace(wanted.rule, level=level, excluded=tuple(rule.get("excluded_genres", ()))),
    )


def build_training_set(connection: Connection, wanted: TrainingOptions) -> TrainingSet:
    """The labeled tracks that have all vectors, the support of their genres, and the snapshot they make.

    Raises UnknownFeatureSetError, NoVectorsError, NotFiniteError, and UnknownGenreError for a genre to exclude that the vocabulary lacks.
    """
    excluded = excluded_genres(connection, wanted.rule.excluded)
    rule = replace(wanted.rule, excluded=excluded.names)
    tracks = load_tracks(connection)
    recipes = resolve_feature_sets(connection, wanted.sources)
    broader, names = load_broader(connection)
    kept_apart = np.union1d(sampled_tracks(connection), wrong_recordings(connection))
    learnable = np.setdiff1d(tracks.ids[tracks.is_tagged], kept_apart)
    ids, matrix = load_feature_matrix(connection, recipes, learnable)
    positions = tracks.at(ids)
    left_out = np.isin(tracks.genres[positions], list(excluded.genre_ids))
    excluded_support = excluded.support(tracks.labeled(positions[left_out]), broader)
    positions, matrix = positions[~left_out], matrix[~left_out]
    support = class_support(
        tracks.labeled(positions),
        broader,
        minimum_tracks=wanted.rule.minimum_tracks,
        minimum_artists=wanted.rule.minimum_artists,
        level=wanted.rule.level,
        names=names,
    )
    reason = nothing_to_learn(support)
    classes = () if reason else classes_of(support)
    column = {genre: at for at, genre in enumerate(classes)}
    counted = [support[int(genre)].counts_for for genre in tracks.genres[positions]]
    y = np.array([column.get(genre or 0, NOTHING) for genre in counted], dtype=np.int64)
    inside = y != NOTHING
    members = positions[inside]
    origins = [tracks.origins[at] for at in members]
    require_finite(matrix[inside], wanted.sources, tracks.ids[members])
    # The first feature set tells: the cosine of two encodings was measured on vectors of one.
    first = len(recipes[0].dimensions)
    alike = near_duplicates(matrix[inside, :first], [origin.seconds for origin in origins])
    groups = connected_groups(origins, alike=alike)
    if reason is None and len(groups.sizes) < 2:
        reason = (
            "all labeled tracks are connected, by artist or by equal audio: no score could keep them apart"
        )
    return TrainingSet(
        tracks=tracks,
        recipes=recipes,
        X=matrix[inside],
        support={**support, **excluded_support},
        snapshot=None
        if reason
        else Snapshot(rule, wanted.seed, tracks.ids[members], classes, y[inside], groups),
        reason=reason,
        names=names,
        hierarchy=Hierarchy.of(classes, broader, answerable=load_predictable(connection)),
    )


def _known(
    database: Database,
    models: Path,
    material: TrainingSet,
    wanted: TrainingOptions,
    parameters: Mapping[str, Any],
    spread: ExecutorFactory | None,
) -> TrainingReport | None:
    """The report where this very model exists; one that was not finished is finished."""
    frozen = material.snapshot
    assert frozen is not None

    def find(connection: Connection) -> RowMapping | None:
        found = find_identical_model(connection, models, frozen, wanted, parameters)
        if found is not None and store_support(connection, found["id"], material.support):
            refresh_track_status(connection)
        return found

    row = write_with_retry(database, find)
    if row is None:
        return None
    if row["status"] == "candidate":
        return _put_in_force(database, models, row["id"], material, row["metrics"], spread)
    reason = "labels and vectors are those it was fitted on"
    return TrainingReport("unchanged", reason, row["id"], material.support, row["metrics"])


def _fit(
    database: Database,
    models: Path,
    material: TrainingSet,
    wanted: TrainingOptions,
    parameters: Mapping[str, Any],
    spread: ExecutorFactory | None,
) -> TrainingReport:
    frozen = material.snapshot
    assert frozen is not None
    split = None
    if wanted.split is not None:
        split = read_with_retry(
            database, lambda connection: load_split(connection, frozen.track_ids, frozen.y)
        )
    recipe = TrainingRecipe(
        wanted.algorithm, parameters["classifier"], wanted.projection, feature_widths(material.recipes)
    )
    known = material.X, frozen.y, frozen.groups.number, material.hierarchy
    recipe, choice = structured(recipe, wanted.hierarchy, *known, seed=wanted.seed)
    fitted = _cross_fit(*known, recipe, wanted)
    contender = Challenger(
        recipe, material.recipes, material.X, frozen, material.hierarchy, fitted, wanted.precision
    )
    metrics = read_with_retry(
        database,
        lambda connection: score_challenger(connection, contender, material.tracks, material.names),
    )
    verdict = read_with_retry(
        database,
        lambda connection: compare_with_champion(connection, contender, material.tracks, material.support),
    )
    if split is not None:
        metrics["official_split"] = official_score(contender, split)
    if wanted.search is not None:
        as_fitted = {name: metrics[name] for name in wanted.search["honest"]}
        metrics |= {**wanted.search["honest"], "search": {**wanted.search, "as_fitted": as_fitted}}
    worse = None if verdict is None else verdict.worse
    metrics |= {
        "gate": None if verdict is None else verdict.facts,
        "forced": (worse or "it was not worse") if wanted.force else None,
        "hierarchy": None if choice is None else choice.facts,
    }
    name, digest = save_artifact(models, fitted.model)

    def store(connection: Connection) -> int:
        new = NewModel(
            algorithm=wanted.algorithm,
            parameters=parameters,
            snapshot_id=store_snapshot(connection, frozen, fitted.fold),
            classes=frozen.classes,
            metrics=metrics,
            threshold=fitted.model.threshold.value,
            seed=wanted.seed,
            feature_set_ids=[recipe.id for recipe in material.recipes],
            artifact=name,
            artifact_sha256=digest,
        )
        model_id = add_model(connection, new, material.support)
        store_predictions(connection, model_id, _out_of_fold(connection, frozen, fitted, material.hierarchy))
        refresh_confusion(connection, model_id)
        if worse is not None and not wanted.force:
            reject(connection, model_id, worse)
        return model_id

    model_id = write_with_retry(database, store)
    if worse is not None and not wanted.force:
        return TrainingReport("rejected", worse, model_id, material.support, metrics)
    return _put_in_force(database, models, model_id, material, metrics, spread)


def _cross_fit(
    X: Matrix,
    y: Integers,
    groups: Integers,
    hierarchy: Hierarchy,
    recipe: TrainingRecipe,
    wanted: TrainingOptions,
) -> CrossFit:
    return cross_fit(
        X,
        y,
        groups,
        hierarchy,
        recipe.behind_projection,
        recipe.parameters,
        precision=wanted.precision,
        seed=wanted.seed,
    )


def _out_of_fold(
    connection: Connection, frozen: Snapshot, fitted: CrossFit, hierarchy: Hierarchy
) -> Predictions:
    speech = no_music_among(connection, frozen.track_ids)
    return Predictions(
        track_ids=frozen.track_ids,
        classes=frozen.classes,
        probability=fitted.probability,
        suggestions=predictions_from_audio(is_withheld(fitted.answers, speech), hierarchy),
        fold=fitted.fold,
    )


def _put_in_force(
    database: Database,
    models: Path,
    model_id: int,
    material: TrainingSet,
    metrics: Mapping[str, Any],
    spread: ExecutorFactory | None,
) -> TrainingReport:
    """Predictions for all tracks first, then the switch, so that no reader sees half of it."""
    retry_until_connected(partial(fill_predictions, database, models, model_id, spread=spread))

    def put(connection: Connection) -> Any:
        promote(connection, model_id)
        return get_model(connection, model_id)["metrics"]["priors"]

    metrics = {**metrics, "priors": write_with_retry(database, put)}
    return TrainingReport("promoted", "it is in force", model_id, material.support, metrics)
