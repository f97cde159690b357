"""Sub-genres and excluded genres from the tags to the predictions, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import model
from catalog.learning.classifiers.local_per_parent import LocalClassifiers
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.registry.artifact import load_artifact
from catalog.learning.training import options_of_active_model, train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled

TREE = ("Rock", "Punk", "Metal", "Jazz")
WANTED = TrainingOptions(feature_sets=("blobs",))
Fill = Callable[..., Filled]


def without(*names: str) -> TrainingOptions:
    return replace(WANTED, rule=ClassRule(10, 5, "leaf", names))


@pytest.mark.parametrize("wanted", ["local", "auto"])
def test_the_structure_is_kept_and_the_model_answers_by_it(
    database: Database, fill_labeled: Fill, tmp_path: Path, wanted: Literal["local", "auto"]
) -> None:
    fill_labeled(TREE)
    asked = replace(WANTED, hierarchy=wanted)
    report = train(database, tmp_path, asked)
    assert report.outcome == "promoted"
    chosen = report.metrics.hierarchy.chosen
    assert wanted in {chosen, "auto"}
    assert (report.metrics.hierarchy.flat is not None) == (wanted == "auto")
    assert report.metrics.macro_f1.value > 0.8
    with database.read() as connection:
        row = connection.execute(sa.select(model).where(model.c.id == report.model_id)).mappings().one()
        assert row["parameters"]["hierarchy"] == wanted
        assert options_of_active_model(connection, WANTED).hierarchy == wanted
    fitted = load_artifact(tmp_path, row["artifact"], row["artifact_sha256"])
    assert isinstance(fitted.classifier, LocalClassifiers) == (chosen == "local")
    assert train(database, tmp_path, asked).outcome == "unchanged"


def test_a_model_learned_locally_is_refitted_so_at_the_gate(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(TREE)
    train(database, tmp_path, replace(WANTED, hierarchy="local"))
    report = train(database, tmp_path, replace(WANTED, hierarchy="flat"))
    assert report.metrics.gate.on_folds.champion > 0.8
    same = train(database, tmp_path, replace(WANTED, hierarchy="local", force=True))
    assert same.metrics.gate is not None  # the one in force is flat


def test_without_sub_genres_nothing_is_said_of_them(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, replace(WANTED, hierarchy="local"))
    assert report.metrics.hierarchy is None
    with database.read() as connection:
        (parameters,) = connection.execute(sa.select(model.c.parameters)).scalars()
    assert "hierarchy" not in parameters


def test_everything_excluded_leaves_nothing_to_learn(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, without("Jazz", "Metal", "Ambient"))
    assert report.outcome == "nothing to learn"
    assert report.model_id is None
