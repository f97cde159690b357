"""Stacking of feature sets."""

import numpy as np
import pytest

from catalog.learning.classifiers import get_algorithm
from tests.unit.learning.classifier_problem import three_classes


def test_a_stack_uses_the_informative_block():
    random = np.random.default_rng(2)
    y = np.arange(150) % 3
    informative = (np.eye(3)[y] * 2 + random.normal(size=(150, 3))).astype(np.float32)
    noise = random.normal(size=(150, 30)).astype(np.float32)
    X = np.hstack([noise, informative])
    classifier = get_algorithm("stack").over((30, 3)).build()
    classifier.fit(X[:90], y[:90], np.arange(90) // 3)
    alone = get_algorithm("logistic_regression").build()
    alone.fit(informative[:90], y[:90])
    of_stack, of_alone = (
        (probability.argmax(axis=1) == y[90:]).mean()
        for probability in (classifier.predict_proba(X[90:]), alone.predict_proba(informative[90:]))
    )
    assert of_stack > of_alone - 0.1


def test_a_stack_keeps_groups_apart_while_it_is_fitted():
    """One block names the group, which tells the class of the tracks it was fitted on and of no other."""
    random = np.random.default_rng(3)
    group = np.arange(120) // 6
    y = random.permutation(np.arange(20) % 2)[group]
    names = np.eye(20, dtype=np.float32)[group]
    weak = (1.2 * y[:, np.newaxis] + random.normal(size=(120, 2))).astype(np.float32)
    X = np.hstack([names, weak])
    new_names = np.zeros_like(names)
    accuracy = []
    for groups in (group, None):
        classifier = get_algorithm("stack").over((20, 2)).build({"C": 10.0})
        classifier.fit(X, y, groups)
        probability = classifier.predict_proba(np.hstack([new_names, weak]))
        accuracy.append((probability.argmax(axis=1) == y).mean())
    assert accuracy[0] > accuracy[1]


def test_a_stack_of_one_group_takes_the_mean():
    X, y = three_classes()
    classifier = get_algorithm("stack").over((4, 8)).build()
    classifier.fit(X, y, np.zeros(90, np.int64))
    probability = classifier.predict_proba(X)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (probability.argmax(axis=1) == y).mean() > 0.9
