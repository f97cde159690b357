"""Gaussian naive Bayes: an independent normal distribution per dimension and class."""

from collections.abc import Mapping
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BALANCE
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, Parameter
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    from sklearn.naive_bayes import GaussianNB

    estimator = GaussianNB(var_smoothing=parameters["var_smoothing"])
    return SklearnClassifier(estimator, balance=parameters["balance"], blocks=blocks, seed=seed)


NAIVE_BAYES = Algorithm(
    name="naive_bayes",
    make=_make,
    parameters={
        # A hundredth of the variance of a scaled dimension: with few tracks a variance may be tiny by chance.
        "var_smoothing": Parameter(0.01, ABOVE_ZERO, tries=(1e-6, 0.01, 0.1, 0.5)),
        "balance": BALANCE,
    },
)
