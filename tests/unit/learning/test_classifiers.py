"""The conformance suite: every classifier that is registered goes through it."""

import subprocess
import sys

import numpy as np
import pytest

from catalog.learning.classifiers import (
    ALGORITHMS,
    DEFAULT,
    UnknownClassifierError,
    UnknownParameterError,
    UnusableParameterError,
    algorithm,
    class_probabilities,
)

every_algorithm = pytest.mark.parametrize("name", sorted(ALGORITHMS))


def three_classes(count=90, dimensions=12, seed=0):
    generator = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int64) % 3
    centres = generator.normal(0, 3, (3, dimensions))
    scale = np.geomspace(1e-3, 1e3, dimensions)
    return ((centres[y] + generator.normal(0, 1, (count, dimensions))) * scale).astype(np.float32), y


@every_algorithm
def test_it_learns_whatever_the_scale_of_a_dimension(name):
    X, y = three_classes()
    classifier = algorithm(name).build()
    classifier.fit(X[:60], y[:60])
    assert (classifier.predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean() > 0.9


@every_algorithm
def test_probabilities_are_probabilities(name):
    X, y = three_classes()
    classifier = algorithm(name).build()
    classifier.fit(X, y)
    probability = classifier.predict_proba(X)
    assert probability.shape == (90, 3)
    assert (probability >= 0).all()
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert classifier.classes_.tolist() == [0, 1, 2]


@every_algorithm
def test_the_same_seed_gives_the_same_predictions(name):
    X, y = three_classes()
    first, again = (algorithm(name).build(seed=7) for _ in range(2))
    first.fit(X, y)
    again.fit(X, y)
    assert np.array_equal(first.predict_proba(X), again.predict_proba(X))


@every_algorithm
def test_two_classes_and_classes_not_seen(name):
    X, y = three_classes()
    classifier = algorithm(name).build()
    classifier.fit(X[y != 1], y[y != 1])
    probability = class_probabilities(classifier, X, 4)
    assert probability.shape == (90, 4)
    assert not probability[:, [1, 3]].any()
    assert class_probabilities(classifier, X[:0], 4).shape == (0, 4)


@every_algorithm
def test_a_class_with_one_track_does_not_stop_it(name):
    X, y = three_classes()
    y[:] = 0
    y[:40] = 2
    y[0] = 1
    classifier = algorithm(name).build()
    classifier.fit(X, y)
    assert list(classifier.classes_) == [0, 1, 2]


@every_algorithm
def test_an_unknown_parameter_is_named_with_the_known_ones(name):
    with pytest.raises(UnknownParameterError, match=f"{name} has no parameter 'nonsense'; it has: "):
        algorithm(name).build({"nonsense": 1})


@every_algorithm
def test_every_parameter_says_what_it_may_be(name):
    found = algorithm(name)
    assert found.values.keys() == found.defaults.keys()
    assert found.complete(found.defaults) == found.defaults
    for parameter in found.defaults:
        with pytest.raises(UnusableParameterError, match=f"{parameter} of {name} is .*, not "):
            found.complete({parameter: ["nonsense"]})


@pytest.mark.parametrize("C", [0, -1, "abc", True, None, float("nan"), float("inf")])
def test_what_the_penalty_cannot_be(C):
    with pytest.raises(UnusableParameterError, match="C of logistic_regression is a number above 0"):
        algorithm("logistic_regression").complete({"C": C})


@every_algorithm
def test_every_value_of_the_search_space_can_be_built(name):
    found = algorithm(name)
    for parameter, values in found.search_space.items():
        for value in values:
            assert found.complete({parameter: value})[parameter] == value
            found.build({parameter: value})


def test_an_unknown_classifier_is_named_with_the_known_ones():
    with pytest.raises(
        UnknownClassifierError, match=f"there is no classifier 'magic'; there are: .*{DEFAULT}"
    ):
        algorithm("magic")


def test_listing_the_classifiers_does_not_load_scikit_learn():
    program = (
        "import sys, catalog.learning.classifiers, catalog.learning.crossfit;"
        "sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
