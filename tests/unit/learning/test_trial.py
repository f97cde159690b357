from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from catalog.learning.classifiers import LOGISTIC_REGRESSION
from catalog.learning.dataset.snapshot_data import SnapshotTracks, Vectors
from catalog.learning.dataset.splits import Split
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.trial import Trial, run_trial

TRIAL = Trial(
    snapshot_id=3,
    candidate=Candidate("logistic_regression", LOGISTIC_REGRESSION.complete(), ("blobs",)),
    split=Split(1, None, 1.0),
    seed=0,
    vectors="digest",
)


def data() -> tuple[SnapshotTracks, Vectors]:
    generator = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = (generator.normal(0, 0.3, (60, 4)) + y[:, None]).astype(np.float32)
    return SnapshotTracks(np.arange(60), y, np.arange(60) // 2, 2), Vectors(X, (4,))


def test_a_trial_survives_its_task() -> None:
    stored = json.loads(json.dumps(TRIAL.as_json()))
    assert Trial.from_json(3, stored).key == TRIAL.key
    assert replace(TRIAL, seed=1).key != TRIAL.key


def test_a_trial_predicts_its_test_tracks() -> None:
    tracks, vectors = data()
    test = np.arange(60) >= 40
    outcome = run_trial(TRIAL, tracks, vectors, ~test, test)
    assert outcome.choice is not None
    assert (outcome.choice == tracks.y[test]).mean() > 0.9
    assert outcome.reason is None


def test_an_error_of_the_algorithm_is_an_outcome() -> None:
    tracks, vectors = data()
    test = tracks.y == 1
    outcome = run_trial(TRIAL, tracks, vectors, ~test, test)
    assert outcome.choice is None
    assert outcome.reason == "ValueError: the training part has only one class"
