import json
from dataclasses import asdict

import numpy as np
import pytest

from catalog.learning.classifiers import LOGISTIC_REGRESSION
from catalog.learning.classifiers.local_per_parent import class_chains
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.scoring.hierarchy_selection import StructureChoice, choose_structure, stored_structure
from tests.unit.learning.test_local_per_parent import blobs, tree


def test_auto_chooses_the_structure_with_the_better_scores() -> None:
    # Punk and Metal differ in a direction that means nothing elsewhere, where it is loud.
    generator = np.random.default_rng(3)
    count = 240
    y = np.arange(count, dtype=np.int64) % 4
    X = generator.normal(0, 1, (count, 6))
    X[:, 0] += np.where(y < 2, 3, -3)
    X[:, 1] += np.where(y == 3, 6, 0)
    X[:, 2] = np.where(y < 2, np.where(y == 0, 1, -1) * 0.8 + X[:, 2] * 0.5, X[:, 2] * 40)
    hierarchy = tree(11, 12, 2, 3)
    learned = TrainingRecipe("logistic_regression", LOGISTIC_REGRESSION.complete(), None)
    groups = np.arange(count) // 4
    found, choice = choose_structure(learned, "auto", X.astype(np.float32), y, groups, hierarchy)
    assert choice is not None
    assert choice.local is not None
    assert choice.flat is not None
    assert choice.local.macro_f1 > choice.flat.macro_f1
    assert choice.chosen == "local"
    assert found.chains == class_chains(hierarchy)
    kept = json.loads(json.dumps({"hierarchy": asdict(choice)}))
    assert stored_structure(kept, hierarchy) == found.chains
    assert stored_structure({"hierarchy": None}, hierarchy) is None


@pytest.mark.parametrize(("wanted", "is_local"), [("local", True), ("flat", False)])
def test_a_fixed_structure_is_not_compared(wanted, is_local) -> None:
    X, y, groups = blobs(60, 3)
    learned = TrainingRecipe("logistic_regression", {}, None)
    found, choice = choose_structure(learned, wanted, X, y, groups, tree(11, 12, 3))
    assert (found.chains is not None) == is_local
    assert choice is not None
    assert choice == StructureChoice(wanted, None, None)


def test_without_subgenres_there_is_no_choice() -> None:
    X, y, groups = blobs(60, 3)
    learned = TrainingRecipe("logistic_regression", {}, None)
    assert choose_structure(learned, "local", X, y, groups, tree(1, 2, 3)) == (learned, None)


def test_with_many_tracks_two_folds_are_scored(monkeypatch) -> None:
    from catalog.learning.scoring import hierarchy_selection

    X, y, groups = blobs(120, 3)
    monkeypatch.setattr(hierarchy_selection, "ALL_FOLDS_UP_TO", 100)
    learned = TrainingRecipe("logistic_regression", LOGISTIC_REGRESSION.complete(), None)
    _, choice = choose_structure(learned, "auto", X, y, groups, tree(11, 12, 3))
    assert choice is not None
    assert choice.flat is not None
    assert choice.flat.macro_f1 > 0.8
