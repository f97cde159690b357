"""Importance of a stored model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.db.database import Database
from catalog.learning.classifiers import Algorithm
from catalog.learning.classifiers.local_per_parent import LocalClassifiers
from catalog.learning.scoring.model_importance import model_importance
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled

TREE = ("Rock", "Punk", "Metal", "Jazz")
WANTED = TrainingOptions(feature_sets=("blobs",))
Fill = Callable[..., Filled]


def test_the_importance_of_a_model_learned_locally_is_that_of_local_classifiers(
    database: Database, fill_labeled: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FittedError(Exception):
        pass

    def first_fit(
        _x: object,
        _y: object,
        _groups: object,
        _genres: object,
        _names: object,
        learns: Algorithm,
        parameters: dict[str, object],
        **_others: object,
    ) -> None:
        raise FittedError(learns.build(parameters, seed=0))

    fill_labeled(TREE)
    monkeypatch.setattr("catalog.learning.scoring.model_importance.importances", first_fit)
    for hierarchy in ("local", "flat"):
        report = train(database, tmp_path, replace(WANTED, hierarchy=hierarchy, force=True))
        assert report.model_id is not None
        with pytest.raises(FittedError) as fitted:
            model_importance(database, report.model_id)
        assert isinstance(fitted.value.args[0], LocalClassifiers) == (hierarchy == "local")
