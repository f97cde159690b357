"""Logistic regression with an L2 penalty: one linear score per class."""

from collections.abc import Mapping
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BALANCE
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT, Parameter
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    # Imported here, as in every algorithm: a worker's parent loads this package and must not load scikit-learn.
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(C=parameters["C"], max_iter=parameters["max_iter"], random_state=seed)
    return SklearnClassifier(
        estimator, balance=parameters["balance"], blocks=blocks, in_row_space=True, seed=seed
    )


LOGISTIC_REGRESSION = Algorithm(
    name="logistic_regression",
    make=_make,
    parameters={
        "C": Parameter(0.03, ABOVE_ZERO, tries=(0.001, 0.003, 0.01, 0.03, 0.1)),
        "balance": BALANCE,
        "max_iter": Parameter(2000, COUNT),
    },
)
