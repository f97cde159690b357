"""Naive Bayes: every dimension of every class a bell curve by itself."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    from sklearn.naive_bayes import GaussianNB

    estimator = GaussianNB(var_smoothing=parameters["var_smoothing"])
    return SklearnClassifier(estimator, balance=parameters["balance"], blocks=blocks, seed=seed)


NAIVE_BAYES = Algorithm(
    name="naive_bayes",
    make=_make,
    # A hundredth of the variance of a scaled dimension: in few tracks a bell curve may be a needle by chance.
    defaults=MappingProxyType({"var_smoothing": 0.01, "balance": "weights"}),
    values=MappingProxyType({"var_smoothing": ABOVE_ZERO, "balance": BY_WEIGHTS}),
    search_space=MappingProxyType(
        {"var_smoothing": (1e-6, 0.01, 0.1, 0.5), "balance": ("none", "weights", "sampling")}
    ),
)
