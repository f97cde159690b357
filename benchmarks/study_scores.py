"""The scores of a recipe: on folds and on the official split.

The setting of a fold is chosen on the other folds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from study_material import Problem
from study_recipes import Recipe

from catalog.db.database import Database
from catalog.learning.classifiers import class_probabilities
from catalog.learning.dataset.snapshot_data import load_snapshot_tracks, load_vectors
from catalog.learning.dataset.splits import Split
from catalog.learning.fitting.calibration import fit_calibration
from catalog.learning.registry.task_context import current_context
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import SearchData
from catalog.learning.search.trial import Trial, TrialOutcome, load_outcome, trial_recipe
from catalog.learning.search.trial_runner import run_missing_trials

Integers = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Answers:
    """The predictions of a recipe for tracks outside its training data."""

    choice: Integers | None
    """(n,): the predicted class of each track; None if no setting could be fitted."""
    chosen: Mapping[str, Any] | None
    """The parameters chosen most often."""
    seconds: float
    """Total of all fits."""
    remark: str | None
    """The reason if no setting could be fitted."""


def by_folds(
    database: Database,
    executor: Executor,
    data: SearchData,
    recipe: Recipe,
    workers: int,
    report_progress: Progress,
) -> Answers:
    """Cross-validate a recipe. Results of earlier runs are reused.

    Each fold uses the setting with the most correct predictions on the other folds.
    """
    members, numbers = data.members, np.unique(data.folds).tolist()
    trials = {
        (at, fold): Trial(
            data.snapshot_id,
            candidate,
            Split(fold),
            data.seed,
            data.vectors[candidate.feature_sets],
            recipe.is_ours,
        )
        for at, candidate in enumerate(recipe.candidates)
        for fold in numbers
    }
    run_missing_trials(
        database,
        executor,
        trials.values(),
        workers=workers,
        on_progress=lambda done: report_progress(done, len(trials)),
    )
    with database.read() as connection:
        outcomes = {key: _require(load_outcome(connection, one)) for key, one in trials.items()}
    seconds = sum(one.seconds for one in outcomes.values())
    fitted = [
        at
        for at in range(len(recipe.candidates))
        if all(outcomes[at, fold].choice is not None for fold in numbers)
    ]
    if not fitted:
        reason = next(one.reason for one in outcomes.values() if one.choice is None)
        return Answers(None, None, seconds, reason)
    choices = np.empty((len(recipe.candidates), len(members.y)), np.int64)
    for at in fitted:
        for fold in numbers:
            choices[at, data.folds == fold] = outcomes[at, fold].choice
    right = choices[fitted] == members.y
    answer, chosen = np.empty(len(members.y), np.int64), []
    for fold in numbers:
        inside = data.folds == fold
        best = fitted[int(right[:, ~inside].sum(axis=1).argmax())]
        answer[inside] = choices[best, inside]
        chosen.append(best)
    commonest = int(np.bincount(chosen).argmax())
    return Answers(answer, recipe.candidates[commonest].parameters, seconds, None)


def _require(outcome: TrialOutcome | None) -> TrialOutcome:
    assert outcome is not None, "every trial was run"
    return outcome


def by_official_split(
    executor: Executor,
    data: SearchData,
    problem: Problem,
    recipe: Recipe,
    store: Path,
    report_progress: Progress,
) -> Answers:
    """Fit on the training part, choose the setting or calibrate on the validation part, predict the test part.

    `choice` is (tests,). Results are stored in `store`, a file of JSON lines.
    """
    stored = _read(store)
    keys = {_key(data, candidate): candidate for candidate in recipe.candidates}
    split = problem.split.tolist()
    futures = [
        executor.submit(
            official_trial, key, data.snapshot_id, one.as_json(), split, data.seed, recipe.is_ours
        )
        for key, one in keys.items()
        if key not in stored
    ]
    for done, future in enumerate(futures, start=len(keys) - len(futures) + 1):
        result = future.result()
        with store.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(result) + "\n")
        stored[result["key"]] = result
        report_progress(done, len(keys))
    rows = [stored[key] for key in keys]
    seconds = sum(row["seconds"] for row in rows)
    fitted = [row for row in rows if row["test"] is not None]
    if not fitted:
        return Answers(None, None, seconds, rows[0]["reason"])
    best = max(fitted, key=lambda row: row["right"])
    return Answers(np.array(best["test"], np.int64), keys[best["key"]].parameters, seconds, None)


def official_trial(
    key: str,
    snapshot_id: int,
    candidate_json: Mapping[str, Any],
    split: list[str],
    seed: int,
    calibrated: bool,
) -> dict[str, Any]:
    """The task: fit one candidate on the official split; return its validation hits and its test predictions."""
    import time

    candidate = Candidate(
        candidate_json["algorithm"], candidate_json["parameters"], tuple(candidate_json["feature_sets"])
    )
    with current_context().database.read() as connection:
        members = load_snapshot_tracks(connection, snapshot_id)
        vectors = load_vectors(connection, candidate.feature_sets, members.track_ids)
    part = np.array(split)
    training, validation, test = (part == name for name in ("training", "validation", "test"))
    begin = time.perf_counter()
    try:
        classifier = trial_recipe(candidate, vectors.blocks).build(candidate.parameters, seed=seed)
        classifier.fit(vectors.X[training], members.y[training], members.groups[training])
        held, asked = (
            class_probabilities(classifier, vectors.X[inside], members.classes)
            for inside in (validation, test)
        )
    except (ValueError, ArithmeticError) as error:
        return {"key": key, "test": None, "reason": str(error), "seconds": time.perf_counter() - begin}
    if calibrated:
        calibration = fit_calibration(held, members.y[validation])
        held, asked = calibration.apply(held), calibration.apply(asked)
    return {
        "key": key,
        "right": int((held.argmax(axis=1) == members.y[validation]).sum()),
        "test": asked.argmax(axis=1).tolist(),
        "seconds": round(time.perf_counter() - begin, 3),
    }


def _key(data: SearchData, candidate: Candidate) -> str:
    digest = data.vectors[candidate.feature_sets]
    text = json.dumps([data.snapshot_id, digest, data.seed, candidate.key])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _read(store: Path) -> dict[str, dict[str, Any]]:
    if not store.exists():
        return {}
    result = {}
    for line in store.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # incomplete last line of a killed run
        result[row["key"]] = row
    return result
