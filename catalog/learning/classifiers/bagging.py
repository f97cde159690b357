"""Bagging: the mean of trees, each grown on another drawing of the tracks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_SAMPLING
from catalog.learning.classifiers.parameter_space import COUNT, SHARE, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import BaggingClassifier
    from sklearn.tree import DecisionTreeClassifier

    estimator = BaggingClassifier(
        DecisionTreeClassifier(min_samples_leaf=parameters["min_samples_leaf"]),
        n_estimators=parameters["trees"],
        max_features=float(parameters["max_features"]),
        random_state=seed,
        n_jobs=1,
    )
    return SklearnClassifier(
        estimator,
        balance=parameters["balance"],
        scaled=False,
        at_most={"max_samples": parameters["tracks_a_tree"]},
        seed=seed,
    )


BAGGING = Algorithm(
    name="bagging",
    make=_make,
    defaults=MappingProxyType(
        {
            "trees": 50,
            "min_samples_leaf": 2,
            "max_features": 0.3,
            "tracks_a_tree": 10_000,
            "balance": "sampling",
        }
    ),
    values=MappingProxyType(
        {
            "trees": integer(1, 1000),
            "min_samples_leaf": COUNT,
            "max_features": SHARE,
            "tracks_a_tree": COUNT,
            # Not weights: bagging draws by them, so that they would be sampling by another name.
            "balance": BY_SAMPLING,
        }
    ),
    search_space=MappingProxyType(
        {
            "min_samples_leaf": (1, 2, 5, 10),
            "max_features": (0.1, 0.3, 1.0),
            "balance": ("none", "sampling"),
        }
    ),
)
