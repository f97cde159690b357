"""Searching on a real database: resumed where it was, honest about the choice, clear about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import feature_vector, search, snapshot_member, trial
from catalog.features.stored_feature_set import active_feature_set, register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.classifiers import ALGORITHMS
from catalog.learning.classifiers.parameter_space import COUNT, Parameter
from catalog.learning.dataset.feature_matrix import NotFiniteError
from catalog.learning.dataset.snapshot_data import SnapshotTracksMissingError, VectorsMissingError
from catalog.learning.dataset.training_feature_sets import NoVectorsError
from catalog.learning.registry.registry import active_model
from catalog.learning.registry.task_context import TaskContext, set_context, set_context_from
from catalog.learning.search.candidates import (
    Candidate,
    default_candidates,
    grid_candidates,
    random_candidates,
)
from catalog.learning.search.comparison_table import comparison_rows
from catalog.learning.search.search import NoCandidateFitsError, Search, SearchData, summarize_search
from catalog.learning.search.search_record import begin_search, finish_search, search_outcome
from catalog.learning.search.search_setup import NothingToSearchError, coverage, prepare_search
from catalog.learning.search.trial import VectorsChangedError, run_trials
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import BLOBS as FEATURES
from tests.integration.labeled_collection import DIMENSIONS, Filled
from workers.pool.executor import InlineExecutor

BLOBS = ("blobs",)
WANTED = TrainingOptions(feature_sets=BLOBS)
REGRESSION = ALGORITHMS["logistic_regression"]
Fill = Callable[..., Filled]


class Guesser:
    """Says a class by the vector's bits and a salt: it has learned nothing."""

    def __init__(self, salt: int) -> None:
        self.salt = salt

    def fit(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Guesser:  # noqa: ARG002
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        guess = [
            np.random.default_rng([self.salt, *row.view(np.uint32)]).random(len(self.classes_)) for row in X
        ]
        return np.array(guess) / np.sum(guess, axis=1, keepdims=True)


GUESS = replace(
    REGRESSION,
    name="guess",
    make=lambda parameters, _seed, _blocks: Guesser(parameters["salt"]),
    parameters={"salt": Parameter(0, COUNT, tries=tuple(range(1, 20)))},
)


class Killed(BaseException):
    """As by a signal: nothing may catch it."""


class Fragile(Executor):
    """Does so many tasks, and then the process is killed."""

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self.tasks:
            raise Killed
        self.tasks -= 1
        return InlineExecutor().submit(fn, *args, **kwargs)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[TaskContext]:
    found = TaskContext(database, tmp_path)
    set_context(found)
    yield found
    set_context(found)


def trials(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        columns = trial.c
        rows = connection.execute(
            sa.select(columns.algorithm, columns.parameters_hash, columns.fold, columns.scores)
        )
        return sorted((row[0], row[1], row[2], str(row[3])) for row in rows)


def searching(database: Database, executor: Executor | None = None, data: SearchData | None = None) -> Search:
    return Search(database, executor or InlineExecutor(), data or prepare_search(database, WANTED, [BLOBS]))


def test_a_search_that_was_killed_goes_on_where_it_was(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    fill_labeled(spread=2.0)
    candidates = random_candidates([REGRESSION], BLOBS, 4, seed=0)
    with pytest.raises(Killed):
        searching(database, Fragile(3)).choose(candidates, "halving")
    already = trials(database)
    assert already
    choice = searching(database).choose(candidates, "halving")
    assert choice.computed == choice.trials - len(already)
    everything = trials(database)
    assert set(already) < set(everything)
    again = searching(database).choose(candidates, "halving")
    assert (again.computed, again.winner, again.honest.accuracy) == (0, choice.winner, choice.honest.accuracy)
    assert trials(database) == everything


def test_what_one_search_has_tried_another_need_not(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    fill_labeled(spread=2.0)
    searching(database).compare(default_candidates([REGRESSION], [BLOBS]))
    found = searching(database).choose(grid_candidates([REGRESSION], BLOBS)[:1], "grid")
    folds = len(np.unique(searching(database).data.folds))
    assert found.trials - found.computed == folds


def test_the_choice_for_a_fold_never_sees_it(
    database: Database, fill_labeled: Fill, place: TaskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of guessers that hear nothing the luckiest must not be reported as better than chance."""
    known = {**ALGORITHMS, "guess": GUESS}
    monkeypatch.setattr("catalog.learning.classifiers.ALGORITHMS", known)
    fill_labeled(artists=12, each=2)
    one = searching(database)
    choice = one.choose(grid_candidates([GUESS], BLOBS), "grid")
    assert choice.nested
    assert choice.as_chosen.macro_f1.value > 0.42  # chance is 0.33
    assert choice.honest.macro_f1.value < 0.36
    for part in one.parts()[1:]:
        for split in part.splits(1.0):
            assert split.left_out == part.left_out
            masks = split.masks(one.data.members.y, one.data.members.groups, one.data.seed)
            for mask in masks:
                assert not (mask & (one.data.folds == part.left_out)).any()


def test_with_many_tracks_each_choice_is_made_by_the_other_folds(
    database: Database, fill_labeled: Fill, place: TaskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.learning.search.search.NESTED_UP_TO", 10)
    fill_labeled(spread=2.0)
    one = searching(database)
    choice = one.choose(random_candidates([REGRESSION], BLOBS, 3, seed=0), "random")
    folds = np.unique(one.data.folds).tolist()
    assert not choice.nested
    assert choice.trials == 3 * len(folds) + len(folds)
    for part in one.parts()[1:]:
        assert part.left_out not in [split.fold for split in part.splits(1.0)]


def test_the_winner_goes_through_the_gate_with_an_honest_score(
    database: Database, fill_labeled: Fill, place: TaskContext, tmp_path: Path
) -> None:
    fill_labeled(spread=2.0)
    candidates = random_candidates([REGRESSION, ALGORITHMS["naive_bayes"]], BLOBS, 4, seed=0)
    data = prepare_search(database, WANTED, [BLOBS])
    with database.write() as connection:
        search_id = begin_search(connection, data, "random", candidates)
    choice = searching(database, data=data).choose(candidates, "random")
    with database.write() as connection:
        finish_search(connection, search_id, search_outcome(choice))
        assert begin_search(connection, data, "random", candidates) == search_id
    found = TrainingOptions(
        algorithm=choice.winner.algorithm,
        parameters=choice.winner.parameters,
        feature_sets=BLOBS,
        search=summarize_search(choice, "random", len(candidates), search_id),
    )
    report = train(database, tmp_path, found)
    assert report.outcome == "promoted"
    with database.read() as connection:
        row = active_model(connection)
        assert row is not None
        assert row["algorithm"] == choice.winner.algorithm
        said = row["metrics"]
        assert said["accuracy"]["value"] == choice.honest.accuracy.value
        assert said["macro_f1"]["value"] == choice.honest.macro_f1.value
        assert said["search"]["id"] == search_id
        assert said["search"]["as_fitted"].keys() == said["search"]["honest"].keys()
        outcome = connection.execute(sa.select(search.c.outcome).where(search.c.id == search_id)).scalar_one()
        assert outcome["winner"] == choice.winner.as_json()
    assert train(database, tmp_path, found).outcome == "unchanged"


def test_a_comparison_has_rows_for_baselines_and_for_what_cannot_be_fitted(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    fill_labeled(spread=1.0)
    candidates = [
        *default_candidates([REGRESSION], [BLOBS]),
        Candidate("logistic_regression", {**REGRESSION.complete(), "C": -1.0}, BLOBS),
    ]
    one = searching(database)
    rows = comparison_rows(one.data, one.compare(candidates))
    assert [row["algorithm"] for row in rows] == [
        "artist's other tracks",
        "logistic_regression",
        "most common genre",
        "logistic_regression",
    ]
    assert rows[1]["macro_f1_low"] <= rows[1]["macro_f1"] <= rows[1]["macro_f1_high"]
    assert rows[3]["macro_f1"] is None
    assert "C of logistic_regression is a number above 0" in rows[3]["remark"]
    with pytest.raises(NoCandidateFitsError, match="C of logistic_regression"):
        one.choose(candidates[1:], "grid")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_trials_in_a_pool_of_processes_are_those_made_here(
    database: Database, fill_labeled: Fill, place: TaskContext, tmp_path: Path
) -> None:
    fill_labeled(spread=2.0)
    candidates = random_candidates([REGRESSION], BLOBS, 2, seed=0)
    url = database.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(
        2, mp_context=get_context("spawn"), initializer=set_context_from, initargs=(url, str(tmp_path))
    ) as pool:
        elsewhere = searching(database, pool).compare(candidates)
    there = trials(database)
    with database.write() as connection:
        connection.execute(sa.delete(trial))
    here = searching(database).compare(candidates)
    assert [one.candidate for one in here] == [one.candidate for one in elsewhere]
    assert trials(database) == there


def test_what_is_missing_is_said_before_any_work(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    filled = fill_labeled()
    with pytest.raises(NoVectorsError, match="no track was analyzed by summary"):
        prepare_search(database, WANTED, [BLOBS, ("summary",)])
    with pytest.raises(NothingToSearchError, match="no training set: no genre has enough tracks"):
        prepare_search(
            database,
            TrainingOptions(feature_sets=BLOBS, rule=type(WANTED.rule)(1_000, 5, "leaf")),
            [BLOBS],
        )
    gone = filled.tracks["Jazz"][:2]
    data = prepare_search(database, WANTED, [BLOBS])
    with database.write() as connection:
        connection.execute(sa.delete(feature_vector).where(feature_vector.c.track_id.in_(gone)))
    with pytest.raises(VectorsMissingError, match="2 of the 54 training tracks have no vector of blobs"):
        searching(database, data=data).compare(default_candidates([REGRESSION], [BLOBS]))
    assert not trials(database)


def test_vectors_that_are_not_finite_are_refused(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    filled = fill_labeled()
    set_vector(database, filled.tracks["Jazz"][0], np.full(DIMENSIONS, np.nan, np.float32))
    with pytest.raises(NotFiniteError, match="1 vector of blobs holds numbers that are not finite"):
        prepare_search(database, WANTED, [BLOBS])


def test_vectors_computed_anew_in_the_middle_end_the_search(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    filled = fill_labeled()
    data = prepare_search(database, WANTED, [BLOBS])
    set_vector(database, filled.tracks["Jazz"][0], np.ones(DIMENSIONS, np.float32))
    with pytest.raises(VectorsChangedError, match="run the command again"):
        searching(database, data=data).compare(default_candidates([REGRESSION], [BLOBS]))
    searching(database).compare(default_candidates([REGRESSION], [BLOBS]))


def test_tracks_removed_in_the_middle_end_the_search(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    filled = fill_labeled()
    data = prepare_search(database, WANTED, [BLOBS])
    with database.write() as connection:
        connection.execute(
            sa.delete(snapshot_member).where(snapshot_member.c.track_id.in_(filled.tracks["Jazz"][:3]))
        )
    with pytest.raises(
        SnapshotTracksMissingError, match="3 of the 54 tracks of the training set were removed"
    ):
        searching(database, data=data).compare(default_candidates([REGRESSION], [BLOBS]))


def test_a_task_that_is_told_to_stop_ends_after_its_trial(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    told: list[bool] = []

    def is_stopped() -> bool:
        told.append(True)
        return len(told) > 2

    set_context(TaskContext(database, tmp_path, is_stopped))
    one = searching(database)
    candidate = default_candidates([REGRESSION], [BLOBS])[0]
    described = [one._trial(candidate, split).as_json() for split in one.parts()[0].splits(1.0)]
    run_trials(one.data.snapshot_id, described)
    assert len(trials(database)) == 2


def test_coverage_counts_what_training_tracks_have(
    database: Database, fill_labeled: Fill, place: TaskContext
) -> None:
    filled = fill_labeled()
    jazz, untagged = filled.tracks["Jazz"][0], filled.tracks[None][0]
    with database.write() as connection:
        for name, heard in (("grid", [jazz, untagged]), ("empty", [])):
            recipe = register_feature_set(connection, replace(FEATURES, name=name))
            for track_id in heard:
                store_vector(connection, recipe, track_id, np.zeros(DIMENSIONS, np.float32))
    with database.read() as connection:
        found = [(one.feature_set, one.tracks, one.of_tracks) for one in coverage(connection, WANTED)]
    assert found == [("blobs", 54, 54), ("grid", 1, 54), ("pca", 1, 54)]


def set_vector(database: Database, track_id: int, vector: np.ndarray) -> None:
    with database.write() as connection:
        recipe = active_feature_set(connection, "blobs")
        assert recipe is not None
        store_vector(connection, recipe, track_id, vector)
