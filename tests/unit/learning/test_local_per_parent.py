"""Local classifiers over made-up trees: what is divided, and what the product of probabilities is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.classifiers import ALGORITHMS, LOGISTIC_REGRESSION
from catalog.learning.classifiers.local_per_parent import (
    branches,
    build_local_classifiers,
    class_chains,
    has_sub_genres,
)
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.pca import ProjectedClassifier
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.registry.artifact import load_artifact, save_artifact
from tests.unit.learning.classifier_problem import QUICK

# Rock 1 (Punk 11 (Hardcore 111), Metal 12), Jazz 2 (Bebop 21), Folk 3
BROADER = {1: None, 11: 1, 12: 1, 111: 11, 2: None, 21: 2, 3: None}


def tree(*classes: int) -> Hierarchy:
    return Hierarchy.of(classes, BROADER)


def divided(*classes: int) -> list[list[int]]:
    return [option.tolist() for option in branches(class_chains(tree(*classes)))]


def blobs(count: int, classes: int, *, each: int = 3, dimensions: int = 8, seed: int = 0):
    generator = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int64) % classes
    centers = generator.normal(0, 2.5, (classes, dimensions))
    X = (centers[y] + generator.normal(0, 1, (count, dimensions))).astype(np.float32)
    return X, y, np.arange(count) // (classes * each)


def test_a_term_with_two_narrower_classes_is_divided_and_is_a_child_of_itself() -> None:
    assert divided(1, 11, 12, 2, 3) == [[0, 0, 0, 1, 2], [0, 1, 2, -1, -1]]


def test_a_term_with_one_narrower_class_is_told_from_it_above() -> None:
    assert divided(11, 12, 2, 21, 3) == [[0, 0, 1, 2, 3], [0, 1, -1, -1, -1]]
    assert divided(11, 111, 12, 3) == [[0, 0, 0, 1], [0, 1, 2, -1]]


def test_a_common_top_term_needs_no_decision_of_its_own() -> None:
    assert divided(11, 12) == [[0, 1]]
    assert divided(1, 11, 12) == [[0, 1, 2]]


def test_without_two_narrower_classes_there_is_one_classifier() -> None:
    assert divided(1, 2, 3) == [[0, 1, 2]]
    assert divided(2, 21, 3) == [[0, 1, 2]]
    assert not has_sub_genres(class_chains(tree(2, 21, 3)))
    assert has_sub_genres(class_chains(tree(11, 12, 3)))


@given(st.sets(st.sampled_from(sorted(BROADER)), min_size=2))
def test_every_class_is_told_from_every_other_exactly_once(classes: set[int]) -> None:
    options = branches(class_chains(tree(*sorted(classes))))
    for one in range(len(classes)):
        for other in range(one):
            parting = [
                option
                for option in options
                if min(option[one], option[other]) >= 0 and option[one] != option[other]
            ]
            assert len(parting) == 1
    for option in options:
        taken = np.unique(option[option >= 0])
        assert taken.tolist() == list(range(len(taken)))
        assert len(taken) > 1


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
@pytest.mark.parametrize("blocks", [(), (3, 5)])
def test_every_algorithm_works_as_local_classifiers(name: str, blocks: tuple[int, ...]) -> None:
    X, y, groups = blobs(120, 4)
    learner = build_local_classifiers(ALGORITHMS[name].over(blocks), class_chains(tree(1, 11, 12, 3)))
    classifier = learner.build(QUICK.get(name, {}))
    classifier.fit(X, y, groups)
    probability = classifier.predict_proba(X)
    assert probability.shape == (120, 4)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (probability.argmax(axis=1) == y).mean() > 0.85


def test_a_probability_is_the_product_along_the_path() -> None:
    X, y, _ = blobs(90, 3)
    local = build_local_classifiers(LOGISTIC_REGRESSION, class_chains(tree(11, 12, 3))).build()
    local.fit(X, y)
    top, rock = LOGISTIC_REGRESSION.build(), LOGISTIC_REGRESSION.build()
    top.fit(X, np.array([0, 0, 1])[y])
    rock.fit(X[y < 2], y[y < 2])
    is_rock = top.predict_proba(X)[:, :1]
    expected = np.hstack([is_rock * rock.predict_proba(X), 1 - is_rock])
    assert local.predict_proba(X) == pytest.approx(expected)


def test_classes_that_were_not_seen_change_what_is_divided() -> None:
    X, y, groups = blobs(120, 4)
    learner = build_local_classifiers(LOGISTIC_REGRESSION, class_chains(tree(1, 11, 12, 3)))
    for seen in ([0, 1], [1, 2, 3], [0, 3], [3]):
        inside = np.isin(y, seen)
        classifier = learner.build()
        classifier.fit(X[inside], y[inside], groups[inside])
        assert classifier.classes_.tolist() == seen
        probability = classifier.predict_proba(X)
        assert probability.shape == (120, len(seen))
        assert probability.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("projection", [None, {"variance": 0.97}])
@pytest.mark.parametrize("name", ["logistic_regression", "stack", "random_forest"])
def test_the_artifact_holds_them(name: str, projection: dict[str, float] | None, tmp_path: Path) -> None:
    X, y, groups = blobs(120, 4)
    hierarchy = tree(1, 11, 12, 3)
    blocks = (3, 5) if projection is None else ()
    learned = TrainingRecipe(name, QUICK.get(name, {}), projection, blocks, class_chains(hierarchy))
    classifier = learned.full_algorithm.build(learned.parameters)
    classifier.fit(X, y, groups)
    assert isinstance(classifier, ProjectedClassifier) == (projection is not None)
    model = FittedModel(
        classifier, Calibration.identity(4), Threshold(0.5, 0.85, 0.9, 1.0), hierarchy, novelty=None
    )
    again = load_artifact(tmp_path, *save_artifact(tmp_path, model))
    assert np.array_equal(again.probability(X), model.probability(X))
