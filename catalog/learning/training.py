"""Training: cross-fit, score, gate, predictions and promotion of a model; does nothing if nothing has changed."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.retry import read_with_retry, retry_until_connected, write_with_retry
from catalog.db.tables import snapshot
from catalog.learning.classifiers import get_algorithm
from catalog.learning.classifiers.local_per_parent import class_chains, has_sub_genres
from catalog.learning.dataset.class_support import Support
from catalog.learning.dataset.feature_matrix import feature_widths
from catalog.learning.dataset.snapshot import Snapshot, find_snapshot, store_snapshot
from catalog.learning.dataset.training_feature_sets import PROJECTED
from catalog.learning.fitting.abstention import withhold
from catalog.learning.fitting.cross_fit import CrossFit, cross_fit
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.prediction.batch_inference import ExecutorFactory, validate_vectors
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.prediction.predictions import (
    Predictions,
    no_music_among,
    predictions_from_audio,
    store_predictions,
)
from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact, save_artifact
from catalog.learning.registry.registry import (
    NewModel,
    active_model,
    add_model,
    find_model,
    get_model,
    model_feature_sets,
    promote,
    reject,
    store_support,
)
from catalog.learning.registry.vanished_classes import vanished_classes
from catalog.learning.scoring.champion_refit import Challenger, compare_with_champion
from catalog.learning.scoring.hierarchy_selection import choose_structure
from catalog.learning.scoring.model_metrics import ModelMetrics, metrics_of
from catalog.learning.scoring.official_split import load_split, official_score
from catalog.learning.scoring.out_of_fold_score import score_model
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import TrainingSet, build_training_set
from catalog.threads import one_thread

Outcome = Literal["nothing to learn", "unchanged", "promoted", "rejected", "dry run"]


@dataclass(frozen=True)
class TrainingReport:
    """The outcome of a training run."""

    outcome: Outcome
    reason: str
    model_id: int | None
    """The active model, or the rejected one; None without a model."""
    support: Mapping[int, Support]
    metrics: ModelMetrics | None = None
    """None where no model was trained or found."""
    vanished: tuple[str, ...] = ()
    """One line for each class that the model before had and this one has not."""


@one_thread()
def train(
    database: Database,
    models: Path,
    options: TrainingOptions,
    *,
    executor_factory: ExecutorFactory | None = None,
    on_stage: Callable[[str], None] = lambda _stage: None,
) -> TrainingReport:
    """Fits and scores a model on the labeled tracks, and activates it unless it scores lower than the active one.

    Stores the out-of-fold predictions of the training tracks; `predict` computes the others. A second run on the same
    labels and vectors changes nothing. Raises UnknownClassifierError, UnknownParameterError, UnusableParameterError,
    UnknownFeatureSetError, NoVectorsError or UntrainableDataError before work starts; the active model stays as it is.
    `executor_factory` opens an executor for the predictions of many tracks. `on_stage` receives `predicting` when the
    model is fitted. A lost database connection is retried without refitting the model.
    """
    complete = get_algorithm(options.algorithm).complete(options.parameters)
    training_set = read_with_retry(database, lambda connection: build_training_set(connection, options))
    if training_set.snapshot is None:
        return TrainingReport("nothing to learn", training_set.reason or "", None, training_set.support)
    parameters = model_parameters(training_set, options, complete)
    run = _TrainingRun(
        database, models, options, training_set, training_set.snapshot, parameters, executor_factory, on_stage
    )
    report = None if options.force else run.reuse_identical_model()
    if report is None:
        read_with_retry(database, lambda connection: _validate_other_vectors(connection, training_set))
        report = run.fit()
    if (model_id := report.model_id) is None or report.outcome == "rejected":
        return report
    vanished = read_with_retry(database, lambda connection: vanished_classes(connection, model_id))
    return replace(report, vanished=vanished)


def plan_training(connection: Connection, models: Path, options: TrainingOptions) -> tuple[TrainingSet, str]:
    """The training set that `train` would use, and a description of what it would do.

    Raises the errors that `train` raises before work starts.
    """
    complete = get_algorithm(options.algorithm).complete(options.parameters)
    training_set = build_training_set(connection, options)
    if training_set.snapshot is None:
        return training_set, f"nothing to learn: {training_set.reason}"
    _validate_other_vectors(connection, training_set)
    parameters = model_parameters(training_set, options, complete)
    row = (
        None
        if options.force
        else find_identical_model(connection, models, training_set.snapshot, options, parameters)
    )
    if row is None or row["status"] == "candidate":
        return training_set, "a model can be trained"
    return training_set, f"nothing to do: model {row['id']} was trained on the same labels and vectors"


def options_of_active_model(connection: Connection, options: TrainingOptions) -> TrainingOptions:
    """The options with recipe, level, excluded genres and precision of the active model, if that was trained.

    A choice made with `catalog train` is therefore kept when new tracks are added.
    """
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return options
    level, rule = connection.execute(
        sa.select(snapshot.c.level, snapshot.c.parameters).where(snapshot.c.id == row["snapshot_id"])
    ).one()
    names = tuple(recipe.name for recipe in model_feature_sets(connection, row["id"]))
    return replace(
        options,
        feature_sets=(PROJECTED,) if "projection" in row["parameters"] else names,
        algorithm=row["algorithm"],
        parameters=row["parameters"]["classifier"],
        hierarchy=row["parameters"].get("hierarchy", "auto"),
        precision=row["parameters"]["precision"],
        rule=replace(options.rule, level=level, excluded=tuple(rule.get("excluded_genres", ()))),
    )


def _validate_other_vectors(connection: Connection, training_set: TrainingSet) -> None:
    """Raises NotFiniteError or WrongLengthError if the model could not predict a track outside the training set."""
    assert training_set.snapshot is not None
    others = np.setdiff1d(training_set.tracks.ids, training_set.snapshot.track_ids)
    validate_vectors(connection, training_set.recipes, others)


@dataclass(frozen=True, eq=False)
class _TrainingRun:
    """A training run on a training set with a snapshot."""

    database: Database
    models: Path
    options: TrainingOptions
    training_set: TrainingSet
    frozen: Snapshot
    parameters: Mapping[str, Any]
    executor_factory: ExecutorFactory | None
    on_stage: Callable[[str], None]

    def reuse_identical_model(self) -> TrainingReport | None:
        """The report for an identical model, if there is one; an interrupted training is completed."""

        def find(connection: Connection) -> RowMapping | None:
            row = find_identical_model(connection, self.models, self.frozen, self.options, self.parameters)
            if row is not None and store_support(connection, row["id"], self.training_set.support):
                refresh_track_status(connection)
            return row

        row = write_with_retry(self.database, find)
        if row is None:
            return None
        if row["status"] == "candidate":
            return self._activate(row["id"])
        reason = "it was trained on the same labels and vectors"
        return TrainingReport("unchanged", reason, row["id"], self.training_set.support, metrics_of(row))

    def fit(self) -> TrainingReport:
        """Fits and scores a model, stores it, and activates it unless the gate rejects it."""
        options, training_set, frozen = self.options, self.training_set, self.frozen
        tracks = training_set.tracks
        split = None
        if options.split is not None:
            split = read_with_retry(
                self.database, lambda connection: load_split(connection, frozen.track_ids, frozen.y)
            )
        widths = feature_widths(training_set.recipes)
        flat = TrainingRecipe(options.algorithm, self.parameters["classifier"], options.projection, widths)
        data = training_set.X, frozen.y, frozen.groups.number, training_set.hierarchy
        recipe, choice = choose_structure(flat, options.hierarchy, *data, seed=options.seed)
        fitted = cross_fit(
            *data,
            recipe.full_algorithm,
            recipe.parameters,
            precision=options.precision,
            seed=options.seed,
        )
        challenger = Challenger(
            recipe,
            training_set.recipes,
            training_set.X,
            frozen,
            training_set.hierarchy,
            fitted,
            options.precision,
        )
        metrics = read_with_retry(
            self.database, lambda connection: score_model(connection, challenger, tracks, training_set.names)
        )
        verdict = read_with_retry(
            self.database,
            lambda connection: compare_with_champion(connection, challenger, tracks, training_set.support),
        )
        objection = None if verdict is None else verdict.rejection
        metrics = replace(
            metrics,
            official_split=None if split is None else official_score(challenger, split),
            gate=verdict,
            forced=(objection or "the gate had no objection") if options.force else None,
            hierarchy=choice,
        )
        if options.search is not None:
            metrics = metrics.with_search(options.search)
        rejection = None if options.force else objection
        model_id = self._store(fitted, metrics, rejection)
        if rejection is not None:
            return TrainingReport("rejected", rejection, model_id, training_set.support, metrics)
        return self._activate(model_id)

    def _store(self, fitted: CrossFit, metrics: ModelMetrics, rejection: str | None) -> int:
        """Stores artifact, model, support and out-of-fold predictions; returns the model's id."""
        frozen, training_set = self.frozen, self.training_set
        name, digest = save_artifact(self.models, fitted.model)

        def store(connection: Connection) -> int:
            model = NewModel(
                algorithm=self.options.algorithm,
                parameters=self.parameters,
                snapshot_id=store_snapshot(connection, frozen, fitted.fold),
                classes=frozen.classes,
                metrics=metrics.to_json(),
                threshold=fitted.model.threshold.value,
                seed=self.options.seed,
                feature_set_ids=[recipe.id for recipe in training_set.recipes],
                artifact=name,
                artifact_sha256=digest,
            )
            model_id = add_model(connection, model, training_set.support)
            selections = withhold(fitted.selections, no_music_among(connection, frozen.track_ids))
            out_of_fold = Predictions(
                track_ids=frozen.track_ids,
                classes=frozen.classes,
                probability=fitted.probability,
                suggestions=predictions_from_audio(selections, training_set.hierarchy),
                fold=fitted.fold,
            )
            store_predictions(connection, model_id, out_of_fold)
            refresh_confusion(connection, model_id)
            if rejection is not None:
                reject(connection, model_id, rejection)
            return model_id

        return write_with_retry(self.database, store)

    def _activate(self, model_id: int) -> TrainingReport:
        """Stores the predictions of all tracks before the model is activated: no reader sees a part of them."""
        self.on_stage("predicting")
        retry_until_connected(
            lambda: fill_predictions(
                self.database, self.models, model_id, executor_factory=self.executor_factory
            )
        )

        def activate(connection: Connection) -> RowMapping:
            promote(connection, model_id)
            return get_model(connection, model_id)

        metrics = metrics_of(write_with_retry(self.database, activate))
        return TrainingReport("promoted", "it is active", model_id, self.training_set.support, metrics)


def model_parameters(
    training_set: TrainingSet, options: TrainingOptions, complete: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that identify a model of a snapshot, with the `complete` parameters of its classifier."""
    has_local_classifiers = has_sub_genres(class_chains(training_set.hierarchy))
    return {
        "classifier": complete,
        "precision": options.precision,
        **({} if options.projection is None else {"projection": options.projection}),
        **({"hierarchy": options.hierarchy} if has_local_classifiers else {}),
        "vectors": hashlib.blake2b(
            training_set.X.reshape(-1).view(np.uint8).data, digest_size=16
        ).hexdigest(),
    }


def find_identical_model(
    connection: Connection,
    models: Path,
    frozen: Snapshot,
    options: TrainingOptions,
    parameters: Mapping[str, Any],
) -> RowMapping | None:
    """The row of the identical model, if its artifact is intact and it has all the scores that the options ask for."""
    snapshot_id = find_snapshot(connection, frozen)
    row = None if snapshot_id is None else find_model(connection, options.algorithm, parameters, snapshot_id)
    if row is None or (options.split is not None and row["metrics"]["official_split"] is None):
        return None
    try:
        read_artifact(models, row["artifact"], row["artifact_sha256"])
    except ArtifactRejectedError:
        return None
    return row
