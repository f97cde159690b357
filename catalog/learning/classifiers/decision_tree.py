"""The decision tree: questions about one number at a time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import COUNT, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.tree import DecisionTreeClassifier

    estimator = DecisionTreeClassifier(
        max_depth=parameters["max_depth"],
        min_samples_leaf=parameters["min_samples_leaf"],
        random_state=seed,
    )
    return SklearnClassifier(estimator, balance=parameters["balance"], scaled=False, seed=seed)


DECISION_TREE = Algorithm(
    name="decision_tree",
    make=_make,
    defaults=MappingProxyType({"max_depth": 8, "min_samples_leaf": 5, "balance": "weights"}),
    values=MappingProxyType({"max_depth": integer(1, 50), "min_samples_leaf": COUNT, "balance": BY_WEIGHTS}),
    search_space=MappingProxyType(
        {
            "max_depth": (4, 8, 16),
            "min_samples_leaf": (2, 5, 10, 20),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
