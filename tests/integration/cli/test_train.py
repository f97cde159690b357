"""`catalog train`: rejected input, and --if-changed."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import feature_vector, genre, model, snapshot_member, track
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
