"""Parameters of an algorithm, and probabilities in chunks."""

import pytest

from catalog.learning.classifiers import (
    ALGORITHMS,
    UnknownParameterError,
    UnusableParameterError,
    class_probabilities,
    get_algorithm,
)
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier
from tests.unit.learning.classifier_problem import quick, three_classes

every_algorithm = pytest.mark.parametrize("name", sorted(ALGORITHMS))


@every_algorithm
def test_an_unknown_parameter_is_named_with_the_known_ones(name):
    with pytest.raises(UnknownParameterError, match=f"{name} has no parameter 'nonsense'; it has: "):
        get_algorithm(name).build({"nonsense": 1})


@every_algorithm
def test_every_parameter_says_what_it_may_be(name):
    found = get_algorithm(name)
    assert found.complete(found.defaults) == found.defaults
    for parameter in found.defaults:
        with pytest.raises(UnusableParameterError, match=f"{parameter} of {name} is .*, not "):
            found.complete({parameter: ["nonsense"]})


@pytest.mark.parametrize("C", [0, -1, "abc", True, None, float("nan"), float("inf")])
def test_what_the_penalty_cannot_be(C):
    with pytest.raises(UnusableParameterError, match="C of logistic_regression is a number above 0"):
        get_algorithm("logistic_regression").complete({"C": C})


def test_many_vectors_are_predicted_in_chunks(monkeypatch):
    sizes = []
    X, y = three_classes()
    classifier = quick("logistic_regression").fit(X, y)
    at_once = class_probabilities(classifier, X, 3)
    monkeypatch.setattr("catalog.learning.classifiers.algorithm.CHUNK", 40)
    original = SklearnClassifier.predict_proba

    def counted(self, part):
        sizes.append(len(part))
        return original(self, part)

    monkeypatch.setattr(SklearnClassifier, "predict_proba", counted)
    assert class_probabilities(classifier, X, 3) == pytest.approx(at_once)
    assert sizes == [40, 40, 10]
