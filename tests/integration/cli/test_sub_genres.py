"""Sub-genres and excluded genres as a person asks for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import audit
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]
TRAIN = ("train", "--feature-set", "blobs", "--workers", "0", "--json")


def test_train_excludes_and_show_tells_the_path(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    filled = fill_labeled(("Punk", "Metal", "Jazz", "Ambient"), artists=5, each=2, spread=0.3)
    done = invoke(*TRAIN, "--hierarchy", "local", "--exclude-genre", "ambient")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["outcome"] == "promoted"
    assert report["metrics"]["hierarchy"]["chosen"] == "local"
    reasons = {row["genre"]: row["reason"] for row in report["support"]}
    assert reasons == {
        "Punk": None,
        "Metal": None,
        "Jazz": None,
        "Ambient": "left out: --exclude-genre",
    }
    punk = filled.tracks["Punk"][0]
    path = json.loads(invoke("show", punk, "--json").out)["prediction"]["path"]
    assert [step["genre"] for step in path] == ["Rock", "Punk"]
    assert 0 < path[1]["probability"] <= path[0]["probability"] <= 1
    shown = invoke("show", punk).out
    assert re.search(r"Rock \d+\s%\s>\sPunk \d+\s%\n", shown)
    jazz = filled.tracks["Jazz"][0]
    with database.read() as connection:
        rows = connection.execute(
            sa.text("SELECT level, genre, probability FROM genre_path WHERE track_id = :track"),
            {"track": jazz},
        ).all()
    assert [(row.level, row.genre) for row in rows] == [(1, "Jazz")]


def test_a_search_says_that_it_compared_one_classifier_over_all_classes(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    fill_labeled(("Punk", "Metal", "Jazz"), artists=5, each=2, spread=0.3)
    algorithm = ("--algorithm", "naive_bayes")
    compared = invoke(*TRAIN, "--compare", *algorithm)
    assert "These scores use one classifier for all classes" in compared.err
    assert (
        "one classifier for all classes"
        not in invoke(*TRAIN, "--compare", *algorithm, "--hierarchy", "flat").err
    )
    done = invoke(*TRAIN, "--search", "grid", *algorithm, "--hierarchy", "local")
    assert done.code == 0, done.err
    assert "these scores use one classifier for all classes; the winner is trained" in done.err
    metrics = json.loads(done.out)["metrics"]
    assert (metrics["search"]["structure"], metrics["hierarchy"]["chosen"]) == ("flat", "local")
    assert metrics["accuracy"] == metrics["search"]["honest"]["accuracy"]
    sheet = " ".join(invoke("models", "show").out.split())
    own = metrics["search"]["as_fitted"]["accuracy"]["value"]
    assert f"this model has one classifier per parent genre: accuracy {own:.0%}" in sheet
    fresh = invoke(*TRAIN, "--search", "grid", *algorithm)
    assert "training the winner also tries one classifier per genre with subgenres" in fresh.err


def test_an_audit_leaves_out_genres(database: Database, invoke: Invoke, fill_labeled: Fill) -> None:
    fill_labeled(artists=5, each=2)
    assert invoke(*TRAIN).code == 0
    whole = json.loads(invoke("audit", "labels", "--json").out)
    part = json.loads(invoke("audit", "labels", "--exclude-genre", "Jazz", "--json").out)
    assert (whole["audited"], part["audited"]) == (30, 20)
    assert part["is_new"]
    with database.read() as connection:
        parameters = connection.execute(sa.select(audit.c.parameters).order_by(audit.c.id)).scalars().all()
    assert ["excluded_genres" in each for each in parameters] == [False, True]
    assert parameters[1]["excluded_genres"] == ["Jazz"]
    assert json.loads(invoke("audit", "--exclude-genre", "Jazz", "--json").out)["is_new"] is False


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", [TRAIN, ("audit", "labels")])
def test_a_genre_that_nobody_knows_is_refused(
    database: Database, invoke: Invoke, fill_labeled: Fill, verb: tuple[str, ...]
) -> None:
    fill_labeled(artists=5, each=2)
    if verb[0] == "audit":
        invoke(*TRAIN)
    done = invoke(*verb, "--exclude-genre", "Jaz")
    assert done.code == 1
    assert "there is no genre 'Jaz'; see: catalog genres list" in done.err
    assert len(done.err.strip().splitlines()) == 1
