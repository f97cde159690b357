"""The trial: one candidate on one split of one snapshot; a row that is written once and never computed again."""

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
from catalog.db.tables import trial
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

LONGEST_REASON = 300


class VectorsChangedError(CatalogError):
    """The vectors are not those that the search began with."""


@dataclass(frozen=True)
class Trial:
    """What is tried: everything that its outcome follows from."""

    snapshot_id: int
    candidate: Candidate
    split: Split
    seed: int
    vectors: str
    """The digest of the vectors."""
    as_trained: bool = False
    """Whether the tracks asked about are answered as by a model that was trained without them, calibrated; otherwise
    the choice is the classifier's own, which costs one fit."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What stands in the row."""
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
        """What tells trials of one snapshot apart: algorithm, hash of the parameters, fold."""
        text = json.dumps(self.parameters, sort_keys=True)
        return (
            self.candidate.algorithm,
            hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            self.split.fold,
        )

    def as_json(self) -> dict[str, Any]:
        """The trial for a task that runs elsewhere."""
        return {"algorithm": self.candidate.algorithm, "fold": self.split.fold, **self.parameters}

    @classmethod
    def of(cls, snapshot_id: int, said: Mapping[str, Any]) -> Trial:
        """The trial that `as_json` described."""
        return cls(
            snapshot_id,
            Candidate(said["algorithm"], said["classifier"], tuple(said["feature_sets"])),
            Split(said["fold"], said["left_out"], said["share"]),
            said["seed"],
            said["vectors"],
            said["as_trained"],
        )


@dataclass(frozen=True, eq=False)
class TrialOutcome:
    """What came of a trial."""

    choice: Integers | None
    """The class chosen for each track asked about, in the snapshot's order; None where the candidate cannot be fitted."""
    seconds: float
    reason: str | None
    """Why it could not be fitted, or what the library warned of."""


def stored_keys(connection: Connection, snapshot_id: int) -> set[tuple[str, str, int]]:
    """The keys of all trials of a snapshot that are there."""
    columns = trial.c
    rows = connection.execute(
        sa.select(columns.algorithm, columns.parameters_hash, columns.fold).where(
            columns.snapshot_id == snapshot_id
        )
    )
    return {(row.algorithm, row.parameters_hash, row.fold) for row in rows}


def load_outcome(connection: Connection, wanted: Trial) -> TrialOutcome | None:
    """What came of a trial; None where it was not run yet."""
    row = connection.execute(sa.select(trial.c.scores, trial.c.seconds).where(_is(wanted))).one_or_none()
    if row is None:
        return None
    scores = row.scores
    choice = None if "choices" not in scores else _unpack(scores["choices"])
    return TrialOutcome(choice, row.seconds or 0.0, scores.get("reason"))


def run_trials(snapshot_id: int, described: Sequence[Mapping[str, Any]]) -> None:
    """The task: runs those of the trials that nobody has run, and stores each as soon as it is done.

    Trials are as `Trial.as_json` describes them. Ends early where the workplace is stopped. Raises SnapshotTracksMissingError,
    VectorsMissingError and VectorsChangedError.
    """
    place = current_context()
    trials = [Trial.of(snapshot_id, said) for said in described]
    with place.database.read() as connection:
        members = load_snapshot_tracks(connection, snapshot_id)
    loaded: dict[tuple[str, ...], Vectors] = {}
    for wanted in trials:
        if place.is_stopped():
            return
        names = wanted.candidate.feature_sets
        with place.database.read() as connection:
            if load_outcome(connection, wanted) is not None:
                continue
            if names not in loaded:
                loaded = {names: load_vectors(connection, names, members.track_ids)}
        vectors = loaded[names]
        if vectors.digest != wanted.vectors:
            raise VectorsChangedError(
                f"vectors of {' and '.join(names)} were computed anew while they were searched with; "
                "give the command again"
            )
        training, test = wanted.split.masks(members.y, members.groups, wanted.seed)
        outcome = run_trial(wanted, members, vectors, training, test)
        with place.database.write() as connection:
            _store(connection, wanted, _scores(members, test, outcome), outcome.seconds)


def run_trial(
    wanted: Trial, members: SnapshotTracks, vectors: Vectors, training: Booleans, test: Booleans
) -> TrialOutcome:
    """One trial on the masks of its split. What an algorithm refuses to be fitted on is an outcome too."""
    learns = trial_recipe(wanted.candidate, vectors.blocks)
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            probability = _probability(wanted, learns, members, vectors, training, test)
            choice, reason = probability.argmax(axis=1).astype(np.int64), None
        except (CatalogError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            choice, reason = None, f"{type(error).__name__}: {error}"
    if reason is None and caught:
        reason = str(caught[0].message)
    return TrialOutcome(choice, time.perf_counter() - begin, None if reason is None else _one_line(reason))


def trial_recipe(candidate: Candidate, blocks: tuple[int, ...]) -> Algorithm:
    """The candidate's algorithm over these blocks, behind a projection where it asks for one."""
    projection = {"variance": VARIANCE} if candidate.feature_sets == (PROJECTED,) else None
    return TrainingRecipe(candidate.algorithm, candidate.parameters, projection, blocks).behind_projection


def _probability(
    wanted: Trial,
    learns: Algorithm,
    members: SnapshotTracks,
    vectors: Vectors,
    training: Booleans,
    test: Booleans,
) -> Floats:
    X, y, groups = vectors.X, members.y, members.groups
    if wanted.as_trained:
        # A class that occurs in no training part has no column there: nothing could be calibrated by it.
        fitted = cross_fit(
            X[training],
            y[training],
            groups[training],
            Hierarchy.of(range(members.classes), {}),
            learns,
            wanted.candidate.parameters,
            folds=INNER_FOLDS,
            seed=wanted.seed,
        )
        return fitted.model.probability(X[test])
    if len(np.unique(y[training])) < 2:
        raise ValueError("there is only one class: nothing can be told apart")
    classifier = learns.build(wanted.candidate.parameters, seed=wanted.seed)
    classifier.fit(X[training], y[training], groups[training])
    return class_probabilities(classifier, X[test], members.classes)


def _store(connection: Connection, wanted: Trial, scores: dict[str, Any], seconds: float) -> None:
    """Writes the row; where somebody else has written it in the meantime, theirs stays."""
    algorithm, digest, fold = wanted.key
    connection.execute(
        insert_into(connection, trial)
        .values(
            snapshot_id=wanted.snapshot_id,
            algorithm=algorithm,
            parameters=wanted.parameters,
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
    found = evaluate(y, outcome.choice, members.groups[test], members.classes, resamples=2)
    return {
        "tracks": len(y),
        "accuracy": found.accuracy.value,
        "macro_f1": found.macro_f1.value,
        "confusion": found.confusion.tolist(),
        "choices": _pack(outcome.choice),
        **remark,
    }


def _is(wanted: Trial) -> sa.ColumnElement[bool]:
    algorithm, digest, fold = wanted.key
    return sa.and_(
        trial.c.snapshot_id == wanted.snapshot_id,
        trial.c.algorithm == algorithm,
        trial.c.parameters_hash == digest,
        trial.c.fold == fold,
    )


def _pack(choice: Integers) -> str:
    """Columns as text: two bytes each, little-endian, deflated, in base 64."""
    return base64.b64encode(zlib.compress(choice.astype("<u2").tobytes())).decode()


def _unpack(text: str) -> Integers:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<u2").astype(np.int64)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON]
