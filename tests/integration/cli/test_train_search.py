"""`catalog train --compare` and `--search`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import feature_vector, model, search, snapshot, trial
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import DIMENSIONS, Filled
from tests.sample_metrics import stored_metrics

Fill = Callable[..., Filled]
HERE = ("--feature-set", "blobs", "--workers", "0")
TWO = ("--algorithm", "logistic_regression", "--algorithm", "naive_bayes")


def count(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_compare_shows_and_trains_nothing(database: Database, invoke: Invoke, fill_labeled: Fill) -> None:
    fill_labeled(spread=1.0)
    done = invoke("train", "--compare", *TWO, *HERE, "--json")
    assert done.code == 0
    rows = json.loads(done.out)
    assert {row["algorithm"] for row in rows} == {
        "logistic_regression",
        "naive_bayes",
        "most common genre",
        "artist's other tracks",
    }
    scores = [row["macro_f1"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in rows)
    assert "biased upward" in done.err
    assert count(database, model) == 0
    table = invoke("train", "--compare", *TWO, *HERE)
    assert "macro_f1_interval" in table.out
    assert len(table.out.splitlines()) == 5


def test_vectors_that_are_not_finite_are_one_line(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    broken = fill_labeled().tracks["Metal"][0]
    with database.write() as connection:
        connection.execute(
            sa.update(feature_vector)
            .where(feature_vector.c.track_id == broken)
            .values(vector=np.full(DIMENSIONS, np.nan, np.float32))
        )
    for way in ((), ("--compare",), ("--search", "random")):
        done = invoke("train", *HERE, *way)
        assert done.code == 1
        assert done.err.strip().splitlines()[-1] == (
            "catalog: 1 vector of blobs holds numbers that are not finite, the first that of track "
            f"{broken}; import or compute them again"
        )
    assert [count(database, table) for table in (model, trial, snapshot)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.full(DIMENSIONS, np.inf, np.float32), "1 vector of blobs holds numbers that are not finite"),
        (np.zeros(3, np.float32), "has 3 numbers, not 12: the database was changed from outside"),
    ],
)
def test_vectors_that_a_model_could_not_be_asked_about_are_told_before_it_is_fitted(
    database: Database, invoke: Invoke, fill_labeled: Fill, numbers: npt.NDArray[np.float32], words: str
) -> None:
    untagged = fill_labeled().tracks[None][0]
    assert invoke("train", *HERE).code == 0
    with database.write() as connection:
        connection.execute(
            sa.update(feature_vector).where(feature_vector.c.track_id == untagged).values(vector=numbers)
        )
        connection.execute(
            sa.update(model).values(metrics=stored_metrics(tracks=54))
        )  # nothing predicted that still holds
    for asked in (("train", "--force", *HERE), ("train", "--force", "--dry-run", *HERE), ("predict",)):
        done = invoke(*asked)
        assert done.code == 1
        assert words in done.err
        assert "unexpected" not in done.err
    assert count(database, model) == 1


def test_a_dry_run_refuses_what_training_would_and_says_what_it_would_do(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    fill_labeled()
    dry = ("train", "--dry-run", *HERE)
    assert "trees of random_forest is a whole number from 1 to 2,000" in (
        invoke(*dry, "--algorithm", "random_forest", "--parameter", "trees=5000").err
    )
    assert "C is given twice" in invoke(*dry, "--parameter", "C=1", "--parameter", "C=2").err
    assert "nothing to learn: no genre has enough tracks" in invoke(*dry, "--min-tracks", 1000).err
    assert "dry run: a model can be trained" in invoke(*dry).err
    assert count(database, model) == 0
    assert invoke("train", *HERE).code == 0
    assert "nothing to do: model 1 was trained on the same labels and vectors" in invoke(*dry).err
    assert "dry run: a model can be trained" in invoke(*dry, "--force").err


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_precision_that_is_no_number_is_a_usage_error(invoke: Invoke, number: str) -> None:
    refused = invoke("train", "--precision", number)
    assert refused.code == 2
    assert "--precision" in refused.err


def test_a_hierarchy_option_without_effect_is_reported(invoke: Invoke, fill_labeled: Fill) -> None:
    fill_labeled()
    done = invoke("train", *HERE, "--hierarchy", "local")
    assert done.code == 0
    assert "--hierarchy local has no effect: no genre has two subgenres that are classes" in done.err
    assert "--hierarchy" not in invoke("train", *HERE).err


def test_a_rejected_model_names_the_command_that_activates_it(
    invoke: Invoke, fill_labeled: Fill, home: Path
) -> None:
    fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    worse = invoke("train", *HERE, "--parameter", "C=1e-9")
    assert worse.code == 0
    assert "model 2: rejected" in worse.err
    assert f"to activate it anyway: catalog --home {home} models promote 2" in worse.err


def test_search_trains_the_best_and_a_second_time_computes_nothing(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    fill_labeled(spread=1.0)
    wanted = ("train", "--search", "random", "--candidates", 3, *TWO, *HERE)
    planned = invoke(*wanted, "--dry-run")
    assert planned.code == 0
    assert "would try 3 candidates in at most 65 trials" in planned.out
    assert "the duration is unknown" in planned.err
    assert [count(database, table) for table in (trial, search, snapshot)] == [0, 0, 0]
    done = invoke(*wanted, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["outcome"] == "promoted"
    assert report["metrics"]["accuracy"] == report["metrics"]["search"]["honest"]["accuracy"]
    assert "nested cross-validation" in done.err
    trials = count(database, trial)
    again = invoke(*wanted, "--json")
    assert json.loads(again.out)["outcome"] == "unchanged"
    assert "trials, 0 of them new" in again.err
    assert (count(database, trial), count(database, search)) == (trials, 1)
    assert "minutes, estimated from earlier trials" in invoke(*wanted, "--dry-run").err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--compare", "--search", "grid"), "cannot be used together"),
        (("--compare", "--split", "fma"), "no model that --split could score"),
        (("--search", "grid", "--candidates", "3"), "--candidates needs --search"),
        (("--candidates", "3"), "--candidates needs --search"),
        (("--search", "grid", "--parameter", "C=1"), "--parameter does not apply"),
        (TWO, "only one --algorithm can be trained"),
        (("--search", "halving", "--candidates", "0"), "0 is not in the range"),
        (("--search", "luck"), "is not one of"),
    ],
)
def test_options_that_contradict_each_other(
    database: Database, invoke: Invoke, options: tuple[str, ...], words: str
) -> None:
    done = invoke("train", *options)
    assert done.code == 2
    assert words in " ".join(done.err.split())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_are_reported_before_work(database: Database, invoke: Invoke, fill_labeled: Fill) -> None:
    fill_labeled()
    unknown = invoke("train", "--compare", "--algorithm", "oracle", *HERE)
    assert unknown.code == 1
    assert "there is no classifier 'oracle'" in unknown.err
    no_split = invoke("train", "--search", "grid", "--split", "fma", *HERE)
    assert no_split.code == 1
    assert "part of the official split" in no_split.err
    assert count(database, trial) == 0
    silent = invoke("train", "--search", "halving", "--feature-set", "summary", "--workers", "0")
    assert silent.code == 1
    assert "no track was analyzed by summary; run: catalog analyze --feature-set summary" in silent.err
    assert "or use another: --feature-set blobs" in silent.err
    assert (count(database, trial), count(database, search)) == (0, 0)
