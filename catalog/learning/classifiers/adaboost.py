"""AdaBoost over decision trees: each tree looks harder at what the ones before it got wrong."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    # Every tree is asked about all tracks, so time would grow with all dimensions: each question sees a few of them.
    tree = DecisionTreeClassifier(max_depth=parameters["max_depth"], max_features="sqrt")
    estimator = AdaBoostClassifier(
        tree,
        n_estimators=parameters["trees"],
        learning_rate=parameters["learning_rate"],
        random_state=seed,
    )
    return SklearnClassifier(estimator, balance=parameters["balance"], scaled=False, seed=seed)


ADABOOST = Algorithm(
    name="adaboost",
    make=_make,
    defaults=MappingProxyType({"trees": 100, "max_depth": 4, "learning_rate": 0.5, "balance": "weights"}),
    values=MappingProxyType(
        {
            "trees": integer(1, 1000),
            "max_depth": integer(1, 20),
            "learning_rate": ABOVE_ZERO,
            "balance": BY_WEIGHTS,
        }
    ),
    search_space=MappingProxyType(
        {
            "max_depth": (2, 4, 8),
            "learning_rate": (0.1, 0.5, 1.0),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
