"""`catalog models`: show, card, compare, importance; and what is refused before any work."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import skops.io
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import feature_vector, genre, model, snapshot_member, track
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.registry.artifact import write_artifact
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled, tag
from tests.sample_metrics import sample_search

Fill = Callable[..., Filled]
HERE = ("--feature-set", "blobs", "--workers", "0")
WHISKER = re.compile(r'class="whisker" style="left:([\d.]+)%;width:([\d.]+)%"')
NAMED = FeatureSet(
    name="named",
    version=1,
    parameters={},
    dimensions=("mel.mean.01", "mel.mean.02", "mfcc.mean.01", "mfcc.mean.02"),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(4, np.float32),
)


@pytest.fixture
def trained(database: Database, invoke: Invoke, fill_labeled: Fill) -> Filled:
    """A labeled collection with one model in force."""
    filled = fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    return filled


def add_named(database: Database, filled: Filled) -> None:
    """A second feature set whose family mel knows the genre, and whose family mfcc knows nothing."""
    random = np.random.default_rng(4)
    with database.write() as connection:
        recipe = register_feature_set(connection, NAMED)
        for number, ids in enumerate(filled.tracks.values()):
            for track_id in ids:
                mel = np.array([np.cos(number), np.sin(number)]) * 3 + random.normal(0, 0.3, 2)
                vector = np.concatenate([mel, random.normal(size=2)]).astype(np.float32)
                store_vector(connection, recipe, track_id, vector)


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
    assert {"numpy", "scikit-learn", "skops", "scipy", "music-catalog"} == set(everything["versions"])
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


def test_importance_is_computed_once_kept_and_shown(
    database: Database, trained: Filled, invoke: Invoke, tmp_path: Path
) -> None:
    add_named(database, trained)
    asked = ("models", "importance", "--feature-set", "named")
    picture = tmp_path / "importance.svg"
    done = invoke(*asked, "--json", "--plot", picture)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    groups = {group["name"]: group for group in found["feature_groups"]}
    assert groups["mel spectrum"]["permuted"]["value"] > 0.3 > abs(groups["MFCC"]["permuted"]["value"])
    assert groups["mel spectrum"]["alone"]["value"] > 0.8
    assert "<svg" in picture.read_text()
    with database.write() as connection:  # what is kept is read, not computed anew
        metrics = connection.execute(sa.select(model.c.metrics)).scalar_one()
        metrics["importance"]["named"]["tracks"] = 1234
        connection.execute(sa.update(model).values(metrics=metrics))
    again = invoke(*asked, "--csv")
    assert "1,234 tracks" in again.err
    assert again.out.splitlines()[0].startswith("feature_group,dimensions,permuted,permuted_low")
    rows = list(csv.DictReader(io.StringIO(invoke(*asked, "--by", "genre", "--csv").out)))
    assert len(rows) == 3 * len(groups)
    for row in rows:
        assert float(row["f1_drop_low"]) <= float(row["f1_drop"]) <= float(row["f1_drop_high"])
    assert "-0.0" not in {value for row in rows for value in row.values()}
    page = Path(invoke("models", "card", 1).out.strip()).read_text()
    assert "Feature importance: named" in page
    drawn = [[float(share) for share in one] for one in WHISKER.findall(page)]
    assert drawn
    assert all(left + width <= 100.02 for left, width in drawn)
    assert ('class="zero"' in page) is any(group["permuted"]["low"] < 0 for group in groups.values())


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


def test_what_importance_cannot_do_is_said_in_one_line(
    database: Database, invoke: Invoke, fill_labeled: Fill, tmp_path: Path
) -> None:
    for verb in ("importance", "show", "card"):
        none = invoke("models", verb)
        assert none.code == 1
        assert "there is no active model" in none.err
    fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    for asked, words in (
        (("9",), "there is no model 9"),
        ((), "all 12 dimensions belong to one feature group, blob"),
        (("--feature-set", "summary"), "catalog analyze --feature-set summary"),
        (("--plot", tmp_path / "x.gif"), "has no supported suffix"),
    ):
        refused = invoke("models", "importance", *asked)
        assert refused.code == 1
        assert words in refused.err
        assert len(refused.err.splitlines()) == 1


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


def test_tracks_that_were_forgotten_are_changes_too(
    database: Database, trained: Filled, invoke: Invoke
) -> None:
    gone = trained.tracks["Jazz"][:2]
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id.in_(gone)).values(state="missing"))
    assert "2 labeled tracks differ" in invoke("train", *HERE, "--if-changed", 9).err
    with database.write() as connection:
        connection.execute(sa.delete(snapshot_member).where(snapshot_member.c.track_id.in_(gone)))
    assert "2 labeled tracks differ" in invoke("train", *HERE, "--if-changed", 9).err


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_an_artifact_that_is_not_the_one_written(
    database: Database, trained: Filled, invoke: Invoke, home: Path, how: str
) -> None:
    assert invoke("train", *HERE, "--parameter", "C=0.02", "--force").code == 0
    with database.read() as connection:
        name = connection.execute(sa.select(model.c.artifact).where(model.c.id == 1)).scalar_one()
    artifact = home / "models" / name
    if how == "missing":
        artifact.unlink()
    else:
        artifact.write_bytes(artifact.read_bytes()[:-1] + b"x")
    with database.write() as connection:  # something to predict, so that the file is needed
        connection.execute(
            sa.update(track).where(track.c.id == trained.tracks[None][0]).values(state="missing")
        )
        connection.execute(sa.text("DELETE FROM prediction WHERE model_id = 1 AND fold IS NULL"))
    refused = invoke("models", "promote", 1)
    assert refused.code == 1
    assert "catalog train --force" in refused.err
    assert active(database) == [(1, "retired"), (2, "active")]


class Stranger:
    """What nobody looked at."""

    def __init__(self) -> None:
        self.state = 1


def test_an_artifact_of_a_foreign_type_is_refused_though_its_hash_is_right(
    database: Database, trained: Filled, invoke: Invoke, home: Path
) -> None:
    assert invoke("train", *HERE, "--parameter", "C=0.02", "--force").code == 0
    name, digest = write_artifact(home / "models", skops.io.dumps({"classifier": Stranger()}), ".skops")
    with database.write() as connection:
        named = {"artifact": name, "artifact_sha256": digest}
        connection.execute(sa.update(model).where(model.c.id == 1).values(**named))
        connection.execute(sa.text("DELETE FROM prediction WHERE model_id = 1 AND fold IS NULL"))
        connection.execute(
            sa.update(track).where(track.c.id == trained.tracks[None][0]).values(state="missing")
        )
    for verb in (("promote", 1), ("rollback",)):
        refused = invoke("models", *verb)
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (1, "", 1)
        assert "holds untrusted types: " in refused.err
        assert "Stranger; retrain with `catalog train --force`" in refused.err
        assert active(database) == [(1, "retired"), (2, "active")]
    with database.write() as connection:
        connection.execute(sa.update(model).where(model.c.id == 2).values(**named))
    refused = invoke("predict")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert "untrusted types" in refused.err
    assert active(database) == [(1, "retired"), (2, "active")]


def test_a_feature_set_that_there_is_not_is_refused_with_those_that_there_are(
    database: Database, trained: Filled, invoke: Invoke
) -> None:
    for verb in (("train",), ("train", "--compare"), ("models", "importance")):
        refused = invoke(*verb, "--feature-set", "nope")
        assert (refused.code, refused.out) == (1, "")
        assert refused.err == (
            "catalog: there is no feature set 'nope'; there are: blobs, grid, musicnn, pca, summary\n"
        )
    assert active(database) == [(1, "active")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--algorithm", "oracle"), "there is no classifier 'oracle'"),
        (("--parameter", "depth=3"), "has no parameter 'depth'"),
        (("--parameter", "C=-1"), "C of logistic_regression is"),
    ],
)
def test_unknown_recipes_leave_the_active_model(
    database: Database, trained: Filled, invoke: Invoke, options: tuple[str, ...], words: str
) -> None:
    refused = invoke("train", *HERE, *options)
    assert refused.code == 1
    assert words in refused.err
    assert active(database) == [(1, "active")]


def test_vectors_that_are_not_numbers(database: Database, trained: Filled, invoke: Invoke) -> None:
    with database.write() as connection:
        held = feature_vector.c.track_id == trained.tracks["Jazz"][0]
        connection.execute(
            sa.update(feature_vector).where(held).values(vector=np.full(12, np.nan, np.float32))
        )
    refused = invoke("train", *HERE)
    assert refused.code == 1
    assert "not finite" in refused.err
    assert active(database) == [(1, "active")]


def test_labels_that_nothing_can_be_learned_from(
    database: Database, invoke: Invoke, fill_labeled: Fill
) -> None:
    filled = fill_labeled(("Jazz",))
    one = invoke("train", *HERE)
    assert (one.code, active(database)) == (1, [])
    assert "only one genre has enough tracks" in one.err
    with database.write() as connection:
        metal = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Metal")).scalar_one()
        tag(connection, filled.tracks[None][0], metal, "Metal")
        refresh_track_status(connection, [filled.tracks[None][0]])
    single = invoke("train", *HERE, "--json")
    report = json.loads(single.out)
    assert report["outcome"] == "nothing to learn"
    assert {row["genre"]: row["tracks"] for row in report["support"]} == {"Jazz": 18, "Metal": 1}
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM label"))
        refresh_track_status(connection)
    nothing = invoke("train", *HERE)
    assert "no track has a genre" in nothing.err
    assert active(database) == []


def test_if_changed_counts_what_people_decided(database: Database, trained: Filled, invoke: Invoke) -> None:
    wanted = ("train", *HERE, "--if-changed", 3)
    assert "0 labeled tracks differ" in invoke(*wanted).err
    decided = trained.tracks["Metal"][:3]
    for track_id in decided[:2]:
        assert invoke("review", "relabel", track_id, "--genre", "Jazz", "--reviewer", "ada").code == 0
    assert "2 labeled tracks differ" in invoke(*wanted).err
    assert "2 labeled tracks differ" not in invoke(*wanted, "--force", "--dry-run").err
    assert invoke("review", "relabel", decided[2], "--genre", "Jazz", "--reviewer", "ada").code == 0
    assert invoke(*wanted).code == 0
    with database.read() as connection:
        newest = connection.execute(sa.select(sa.func.max(model.c.id))).scalar_one()
        jazz = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Jazz")).scalar_one()
        learned = connection.execute(
            sa.select(snapshot_member.c.genre_id)
            .join(model, model.c.snapshot_id == snapshot_member.c.snapshot_id)
            .where(model.c.id == newest, snapshot_member.c.track_id.in_(decided))
        ).scalars()
        assert newest == 2
        assert set(learned) == {jazz}
