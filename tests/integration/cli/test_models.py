"""`catalog models`: activation, and models whose files were changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import skops.io
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import model, track
from catalog.learning.registry.artifact import write_artifact
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled

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


class Stranger:
    """What nobody looked at."""

    def __init__(self) -> None:
        self.state = 1


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


def test_a_list_without_models_says_what_to_do_next(database: Database, invoke: Invoke) -> None:
    done = invoke("models", "list")
    assert (done.code, done.out) == (0, "")
    assert "no model was trained yet; run: catalog train" in done.err
    assert invoke("models", "list", "--json").out == "[]\n"
