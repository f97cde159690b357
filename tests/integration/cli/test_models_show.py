"""`catalog models show`, `card` and `compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import model, snapshot_member
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled
from tests.sample_metrics import sample_search

Fill = Callable[..., Filled]


HERE = ("--feature-set", "blobs", "--workers", "0")


@pytest.fixture
def trained(database: Database, invoke: Invoke, fill_labeled: Fill) -> Filled:
    """A labeled collection with one model in force."""
    filled = fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    return filled


def active(database: Database) -> list[tuple[int, str]]:
    with database.read() as connection:
        rows = connection.execute(sa.select(model.c.id, model.c.status).order_by(model.c.id))
        return [tuple(row) for row in rows]


def test_show_is_a_sheet_and_json_is_everything(trained: Filled, invoke: Invoke) -> None:
    sheet = invoke("models", "show", 1)
    assert sheet.code == 0
    assert sheet.out.startswith("model 1: active, logistic_regression on blobs version 1")
    assert invoke("models", "show").out == sheet.out
    assert "accuracy" in sheet.out
    everything = json.loads(invoke("models", "show", 1, "--json").out)
    assert everything["snapshot"]["tracks"] == 54
    assert len(everything["snapshot"]["hash"]) == 32
    assert everything["seed"] == 0
    assert everything["parameters"]["classifier"]["C"] == 0.03
    versions = everything["versions"]
    assert {"numpy", "scikit-learn", "skops", "scipy", "music-catalog", "threads", "processor"} <= set(
        versions
    )
    assert versions["threads"] == "1"
    assert len(everything["artifact_sha256"]) == 64
    assert everything["metrics"]["accuracy"]["low"] < everything["metrics"]["accuracy"]["value"]


def test_the_card_is_a_page_without_script_and_json(trained: Filled, invoke: Invoke, home: Path) -> None:
    written = invoke("models", "card", 1)
    assert written.code == 0
    page = Path(written.out.strip()).read_text()
    assert Path(written.out.strip()) == home / "report" / "model-1.html"
    assert invoke("models", "card").out == written.out
    for words in (
        "Intended use",
        "Limitations",
        "With random folds",
        "SHA-256",
        "Jazz",
    ):
        assert words in page
    assert "<script" not in page
    facts = json.loads(invoke("models", "card", 1, "--json").out)
    assert {row["genre"] for row in facts["classes"]} == {"Jazz", "Metal", "Ambient"}
    assert sum(row["tracks"] for row in facts["calibration"]) == 54
    assert all(row["low"] <= row["high"] for row in facts["calibration"])
    refused = invoke("models", "card", 1, "--output", home)
    assert refused.code == 1
    assert "is a folder" in refused.err


def test_compare_says_what_changed(database: Database, trained: Filled, invoke: Invoke) -> None:
    same = invoke("train", *HERE, "--force")
    assert same.code == 0
    equal = json.loads(invoke("models", "compare", 1, 2, "--json").out)
    assert (equal["changed"], equal["scored"]) == (0, 54)
    assert equal["macro_f1"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert (
        invoke("train", *HERE, "--parameter", "C=1e-9", "--algorithm", "logistic_regression", "--force").code
        == 0
    )
    done = invoke("models", "compare", 1, 3, "--json")
    found = json.loads(done.out)
    assert found["changed"] == sum(flow["tracks"] for flow in found["flows"]) > 0
    assert found["macro_f1"]["difference"]["value"] < 0
    assert found["accuracy"][0] > found["accuracy"][1]
    assert all(flow["right_before"] + flow["right_after"] <= flow["tracks"] for flow in found["flows"])
    assert sorted((row["genre"], row["tracks"]) for row in found["genres"]) == [
        (name, 18) for name in ("Ambient", "Jazz", "Metal")
    ]
    assert sum(row["f1"] for row in found["genres"]) / 3 == pytest.approx(found["macro_f1"]["champion"])
    assert sum(row["other_f1"] for row in found["genres"]) / 3 == pytest.approx(
        found["macro_f1"]["challenger"]
    )
    said = invoke("models", "compare", 1, 3).err
    assert "macro F1" in said
    assert "a search found" not in said
    with database.write() as connection:
        metrics = connection.execute(sa.select(model.c.metrics).where(model.c.id == 3)).scalar_one()
        connection.execute(
            sa.update(model)
            .where(model.c.id == 3)
            .values(metrics={**metrics, "search": asdict(sample_search())})
        )
    said = invoke("models", "compare", 1, 3).err
    assert "model 3 was selected by a search: its scores here are slightly biased upward" in said


def test_a_snapshot_whose_tracks_were_deleted(database: Database, trained: Filled, invoke: Invoke) -> None:
    with database.write() as connection:
        gone = trained.tracks["Jazz"][0]
        connection.execute(sa.delete(snapshot_member).where(snapshot_member.c.track_id == gone))
    refused = invoke("models", "importance")
    assert refused.code == 1
    assert "have been removed since; train again: catalog train" in refused.err
    assert invoke("models", "show", 1).code == 0
    assert invoke("models", "card", 1).code == 0


def test_a_card_of_a_model_that_says_nothing_of_macro_f1_beside_its_shares(
    database: Database, trained: Filled, invoke: Invoke
) -> None:
    with database.write() as connection:
        metrics = connection.execute(sa.select(model.c.metrics)).scalar_one()
        metrics["priors"] = {"corrected": True, "reason": None, "macro_f1": None, "genres": []}
        connection.execute(sa.update(model).values(metrics=metrics))
    card = invoke("models", "card", 1)
    assert card.code == 0
    assert "Prior correction" not in Path(card.out.strip()).read_text()


@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        (("models", "show", "1"), "Predicted genre"),
        (("models", "show", "1", "--figure", "calibration"), "accuracy"),
        (("models", "compare", "1", "1"), "other_f1"),
    ],
)
def test_a_plot_is_a_picture_and_its_data(
    trained: Filled, invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...], column: str
) -> None:
    done = invoke(*arguments, "--plot", tmp_path / "plot.pdf")
    assert done.code == 0, done.err
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")
    assert column in (tmp_path / "plot.data.csv").read_text().splitlines()[0].split(",")
    refused = invoke(*arguments, "--plot", tmp_path / "plot.gif")
    assert refused.code == 1
    assert "png, svg, pdf" in refused.err
