"""Trial: one candidate on one split of a snapshot. Its outcome is stored once and reused."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Floats, Integers
from catalog.db.tables import trial as trial_table
from catalog.db.upsert import insert_into
from catalog.errors import CatalogError
from catalog.learning.classifiers import Algorithm, class_probabilities
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.snapshot_data import SnapshotTracks, Vectors, load_snapshot_tracks, load_vectors
from catalog.learning.dataset.splits import INNER_FOLDS, Split
from catalog.learning.dataset.training_feature_sets import PROJECTED
from catalog.learning.fitting.cross_fit import cross_fit
from catalog.learning.fitting.pca import VARIANCE
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.registry.task_context import current_context
from catalog.learning.search.candidates import Candidate
from catalog.text import one_line
from catalog.threads import one_thread

LONGEST_REASON = 300


class VectorsChangedError(CatalogError):
    """Vectors were recomputed during the search."""


@dataclass(frozen=True)
class Trial:
    """All that determines the outcome of a trial."""

    snapshot_id: int
    candidate: Candidate
    split: Split
    seed: int
    vectors: str
    """The digest of the vectors."""
    as_trained: bool = False
    """Whether the test tracks are predicted by a calibrated model like that of `train`; otherwise by the classifier
    alone, which takes one fit."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as the row stores them."""
        return {
            "classifier": dict(self.candidate.parameters),
            "feature_sets": list(self.candidate.feature_sets),
            "vectors": self.vectors,
            "seed": self.seed,
            "left_out": self.split.left_out,
            "share": round(self.split.share, 6),
            "as_trained": self.as_trained,
        }

    @property
    def key(self) -> tuple[str, str, int]:
        """Identifies a trial within its snapshot: algorithm, hash of the parameters, fold."""
        text = json.dumps(self.parameters, sort_keys=True)
        return (
            self.candidate.algorithm,
            hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            self.split.fold,
        )

    def as_json(self) -> dict[str, Any]:
        """The trial as an argument of a task."""
        return {"algorithm": self.candidate.algorithm, "fold": self.split.fold, **self.parameters}

    @classmethod
    def from_json(cls, snapshot_id: int, value: Mapping[str, Any]) -> Trial:
        """The trial that `as_json` wrote."""
        return cls(
            snapshot_id,
            Candidate(value["algorithm"], value["classifier"], tuple(value["feature_sets"])),
            Split(value["fold"], value["left_out"], value["share"]),
            value["seed"],
            value["vectors"],
            value["as_trained"],
        )


@dataclass(frozen=True, eq=False)
class TrialOutcome:
    """The outcome of a trial."""

    choice: Integers | None
    """The predicted class of each test track, in the snapshot's order; None where the candidate cannot be fitted."""
    seconds: float
    reason: str | None
    """Why it could not be fitted, or a warning of the library."""


def stored_keys(connection: Connection, snapshot_id: int) -> set[tuple[str, str, int]]:
    """The keys of all stored trials of a snapshot."""
    columns = trial_table.c
    rows = connection.execute(
        sa.select(columns.algorithm, columns.parameters_hash, columns.fold).where(
            columns.snapshot_id == snapshot_id
        )
    )
    return {(row.algorithm, row.parameters_hash, row.fold) for row in rows}


def load_outcome(connection: Connection, trial: Trial) -> TrialOutcome | None:
    """The stored outcome of a trial; None if it has not run."""
    row = connection.execute(
        sa.select(trial_table.c.scores, trial_table.c.seconds).where(_is(trial))
    ).one_or_none()
    if row is None:
        return None
    scores = row.scores
    choice = None if "choices" not in scores else _unpack(scores["choices"])
    return TrialOutcome(choice, row.seconds or 0.0, scores.get("reason"))


@one_thread()
def run_trials(snapshot_id: int, described: Sequence[Mapping[str, Any]]) -> None:
    """The task: runs the trials without an outcome, and stores each outcome when it is finished.

    Trials are those of `Trial.as_json`. Ends early where the task context is stopped. Raises
    SnapshotTracksMissingError, VectorsMissingError and VectorsChangedError.
    """
    context = current_context()
    trials = [Trial.from_json(snapshot_id, value) for value in described]
    with context.database.read() as connection:
        members = load_snapshot_tracks(connection, snapshot_id)
    loaded: dict[tuple[str, ...], Vectors] = {}
    for trial in trials:
        if context.is_stopped():
            return
        names = trial.candidate.feature_sets
        with context.database.read() as connection:
            if load_outcome(connection, trial) is not None:
                continue
            if names not in loaded:
                loaded = {names: load_vectors(connection, names, members.track_ids)}
        vectors = loaded[names]
        if vectors.digest != trial.vectors:
            raise VectorsChangedError(
                f"vectors of {' and '.join(names)} were recomputed during the search; run the command again"
            )
        training, test = trial.split.masks(members.y, members.groups, trial.seed)
        outcome = run_trial(trial, members, vectors, training, test)
        with context.database.write() as connection:
            _store(connection, trial, _scores(members, test, outcome), outcome.seconds)


def run_trial(
    trial: Trial, members: SnapshotTracks, vectors: Vectors, training: Booleans, test: Booleans
) -> TrialOutcome:
    """Runs a trial on the masks of its split. An error of the algorithm is an outcome too."""
    algorithm = trial_recipe(trial.candidate, vectors.blocks)
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            probability = _probability(trial, algorithm, members, vectors, training, test)
            choice, reason = probability.argmax(axis=1).astype(np.int64), None
        except (CatalogError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            choice, reason = None, f"{type(error).__name__}: {error}"
    if reason is None and caught:
        reason = str(caught[0].message)
    return TrialOutcome(
        choice, time.perf_counter() - started, None if reason is None else one_line(reason, LONGEST_REASON)
    )


def trial_recipe(candidate: Candidate, blocks: tuple[int, ...]) -> Algorithm:
    """The candidate's algorithm for vectors of these block widths, with a projection for the feature set `pca`."""
    projection = {"variance": VARIANCE} if candidate.feature_sets == (PROJECTED,) else None
    return TrainingRecipe(candidate.algorithm, candidate.parameters, projection, blocks).full_algorithm


def _probability(
    trial: Trial,
    algorithm: Algorithm,
    members: SnapshotTracks,
    vectors: Vectors,
    training: Booleans,
    test: Booleans,
) -> Floats:
    X, y, groups = vectors.X, members.y, members.groups
    if trial.as_trained:
        # The hierarchy has no terms beyond the classes: a trial is scored on classes only.
        fitted = cross_fit(
            X[training],
            y[training],
            groups[training],
            Hierarchy.of(range(members.classes), {}),
            algorithm,
            trial.candidate.parameters,
            folds=INNER_FOLDS,
            seed=trial.seed,
        )
        return fitted.model.probability(X[test])
    if len(np.unique(y[training])) < 2:
        raise ValueError("the training part has only one class")
    parameters = trial.candidate.parameters
    classifier = algorithm.fit(X[training], y[training], groups[training], parameters, seed=trial.seed)
    return class_probabilities(classifier, X[test], members.classes)


def _store(connection: Connection, trial: Trial, scores: dict[str, Any], seconds: float) -> None:
    """Stores the row unless another worker has stored it."""
    algorithm, digest, fold = trial.key
    connection.execute(
        insert_into(connection, trial_table)
        .values(
            snapshot_id=trial.snapshot_id,
            algorithm=algorithm,
            parameters=trial.parameters,
            parameters_hash=digest,
            fold=fold,
            scores=scores,
            seconds=round(seconds, 4),
        )
        .on_conflict_do_nothing()
    )


def _scores(members: SnapshotTracks, test: Booleans, outcome: TrialOutcome) -> dict[str, Any]:
    remark = {} if outcome.reason is None else {"reason": outcome.reason}
    if outcome.choice is None:
        return remark
    y = members.y[test]
    evaluation = evaluate(y, outcome.choice, members.groups[test], members.classes, resamples=2)
    return {
        "tracks": len(y),
        "accuracy": evaluation.accuracy.value,
        "macro_f1": evaluation.macro_f1.value,
        "confusion": evaluation.confusion.tolist(),
        "choices": _pack(outcome.choice),
        **remark,
    }


def _is(trial: Trial) -> sa.ColumnElement[bool]:
    algorithm, digest, fold = trial.key
    return sa.and_(
        trial_table.c.snapshot_id == trial.snapshot_id,
        trial_table.c.algorithm == algorithm,
        trial_table.c.parameters_hash == digest,
        trial_table.c.fold == fold,
    )


def _pack(choice: Integers) -> str:
    """Class columns as text: two bytes each, little-endian, deflated, base64."""
    return base64.b64encode(zlib.compress(choice.astype("<u2").tobytes())).decode()


def _unpack(text: str) -> Integers:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<u2").astype(np.int64)
