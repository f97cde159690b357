"""`catalog train`: rejected input, and --if-changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import audit, feature_vector, genre, model, snapshot_member, track
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled, tag

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


def test_training_ends_with_the_audit_and_the_report_of_the_active_model(
    database: Database, home: Path, invoke: Invoke, fill_labeled: Fill
) -> None:
    fill_labeled()
    done = invoke("train", *HERE, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["audit"]["audit_id"] == 1
    assert report["report"] == str(home / "report" / "index.html")
    assert (home / "report" / "index.html").exists()
    stages = ("1 of 4 training", "2 of 4 predicting", "3 of 4 auditing", "4 of 4 reporting")
    assert all(f"{stage}: done in" in done.err for stage in stages)
    again = invoke("train", *HERE, "--force", "--seed", 1)
    assert again.code == 0
    assert "flagged with this model" in again.err
    assert audited_models(database) == [1, 2]
    quiet = invoke("-q", "train", *HERE, "--force", "--seed", 2)
    assert (quiet.code, quiet.err) == (0, "")


def test_a_stale_audit_is_reported_everywhere(
    database: Database, home: Path, invoke: Invoke, fill_labeled: Fill
) -> None:
    filled = fill_labeled()
    with database.write() as connection:
        metal = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Metal")).scalar_one()
        for track_id in filled.tracks["Jazz"][:2]:
            tag(connection, track_id, metal, "Metal")
        refresh_track_status(connection)
    assert invoke("train", *HERE).code == 0
    assert invoke("train", *HERE, "--force", "--seed", 1, "--no-audit").code == 0
    assert audited_models(database) == [1]
    line = "the flagged tags are from an audit with model 1, but model 2 is active"
    case_id = json.loads(invoke("review", "list", "--json").out)[0]["case_id"]
    for command in (
        ("review", "list"),
        ("review", "list", "--json"),
        ("review", "show", case_id),
        ("review", "progress"),
        ("review", "accept", "--tagged", "Metal", "--dry-run"),
        ("stats",),
        ("-q", "review", "list"),
    ):
        shown = invoke(*command)
        assert shown.code == 0
        assert shown.err.count(line) == 1, command
    checks = {row["subject"]: row for row in json.loads(invoke("doctor", "--json").out)}
    assert checks["label audit"]["state"] == "warning"
    assert checks["label audit"]["advice"] == "run: catalog audit labels"
    assert invoke("report").code == 0
    page = (home / "report" / "index.html").read_text()
    assert line[1:] in page
    next_steps = page[page.index("Next steps") :]
    assert next_steps.index("audit labels") < next_steps.index("review serve --open")
    assert (
        line in invoke("models", "promote", 2).err or "already active" in invoke("models", "promote", 2).err
    )
    assert invoke("audit", "labels").code == 0
    assert line not in invoke("review", "list").err
    assert invoke("models", "rollback").code == 0
    assert "an audit with model 2, but model 1 is active" in invoke("review", "list").err


def test_a_training_that_is_not_due_still_updates_the_results(
    database: Database, home: Path, trained: Filled, invoke: Invoke
) -> None:
    assert invoke("train", *HERE, "--force", "--seed", 1, "--no-audit").code == 0
    waiting = invoke("train", *HERE, "--if-changed", 9, "--json")
    assert waiting.code == 0
    report = json.loads(waiting.out)
    assert (report["outcome"], report["model_id"]) == ("unchanged", 2)
    assert "0 labeled tracks differ" in report["reason"]
    assert audited_models(database) == [1, 2]
    assert active(database)[-1] == (2, "active")


def test_a_rejected_model_leaves_the_audit_of_the_active_one(
    database: Database, trained: Filled, invoke: Invoke
) -> None:
    rejected = invoke("train", *HERE, "--algorithm", "naive_bayes", "--json")
    outcome = json.loads(rejected.out)["outcome"]
    newest = 1 if outcome == "rejected" else 2
    assert audited_models(database)[-1] == newest


def audited_models(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(sa.select(audit.c.model_id).order_by(audit.c.id)).scalars())


def test_the_outcome_precedes_the_scores(trained: Filled, invoke: Invoke) -> None:
    done = invoke("train", *HERE, "--no-audit")
    assert done.err.index("model 1: unchanged") < done.err.index("macro F1")
