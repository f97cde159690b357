"""`catalog train --compare` and `--search`."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import feature_vector, model, search, snapshot, trial
from tests.integration.cli.conftest import Invoke
from tests.integration.labelled_collection import DIMENSIONS, Filled

Fill = Callable[..., Filled]
HERE = ("--feature-set", "blobs", "--workers", "0")
TWO = ("--algorithm", "logistic_regression", "--algorithm", "naive_bayes")


def count(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_compare_shows_and_trains_nothing(database: Database, invoke: Invoke, fill_labelled: Fill) -> None:
    fill_labelled(spread=1.0)
    done = invoke("train", "--compare", *TWO, *HERE, "--json")
    assert done.code == 0
    rows = json.loads(done.out)
    assert {row["algorithm"] for row in rows} == {
        "logistic_regression",
        "naive_bayes",
        "always the commonest genre",
        "copying the artist's other tracks",
    }
    scores = [row["macro_f1"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in rows)
    assert "This compares" in done.err
    assert count(database, model) == 0
    table = invoke("train", "--compare", *TWO, *HERE)
    assert "macro_f1_interval" in table.out
    assert len(table.out.splitlines()) == 5


def test_vectors_that_are_not_finite_are_one_line(
    database: Database, invoke: Invoke, fill_labelled: Fill
) -> None:
    broken = fill_labelled().tracks["Metal"][0]
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
            "catalog: 1 vectors of blobs hold numbers that are not finite, the first that of track "
            f"{broken}; import or compute them anew"
        )
    assert [count(database, table) for table in (model, trial, snapshot)] == [0, 0, 0]


def test_search_trains_the_best_and_a_second_time_computes_nothing(
    database: Database, invoke: Invoke, fill_labelled: Fill
) -> None:
    fill_labelled(spread=1.0)
    wanted = ("train", "--search", "random", "--candidates", 3, *TWO, *HERE)
    planned = invoke(*wanted, "--dry-run")
    assert planned.code == 0
    assert "3 candidates, 65 trials at most would be run" in planned.out
    assert "is not known" in planned.err
    assert [count(database, table) for table in (trial, search, snapshot)] == [0, 0, 0]
    done = invoke(*wanted, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["outcome"] == "promoted"
    assert report["metrics"]["accuracy"] == report["metrics"]["search"]["honest"]["accuracy"]
    assert "with the search repeated inside each fold" in done.err
    trials = count(database, trial)
    again = invoke(*wanted, "--json")
    assert json.loads(again.out)["outcome"] == "unchanged"
    assert "trials, 0 of them run now" in again.err
    assert (count(database, trial), count(database, search)) == (trials, 1)
    assert "minutes, by the trials there are" in invoke(*wanted, "--dry-run").err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--compare", "--search", "grid"), "give one of them"),
        (("--compare", "--split", "fma"), "nothing that --split could score"),
        (("--search", "grid", "--candidates", "3"), "--candidates says how many"),
        (("--candidates", "3"), "--candidates says how many"),
        (("--search", "grid", "--parameter", "C=1"), "--parameter is for one training"),
        (TWO, "one --algorithm can be trained at a time"),
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
def test_what_is_wrong_is_said_before_work(database: Database, invoke: Invoke, fill_labelled: Fill) -> None:
    fill_labelled()
    unknown = invoke("train", "--compare", "--algorithm", "oracle", *HERE)
    assert unknown.code == 1
    assert "there is no classifier 'oracle'" in unknown.err
    no_split = invoke("train", "--search", "grid", "--split", "fma", *HERE)
    assert no_split.code == 1
    assert "part of the official split" in no_split.err
    assert count(database, trial) == 0
    silent = invoke("train", "--search", "halving", "--feature-set", "summary", "--workers", "0")
    assert silent.code == 1
    assert "no track was analysed by summary" in silent.err
    assert (count(database, trial), count(database, search)) == (0, 0)
