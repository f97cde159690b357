"""Gradient boosting over histograms: small trees, each mending what the sum of those before it leaves over."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT, SHARE, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    estimator = HistGradientBoostingClassifier(
        max_iter=parameters["rounds"],
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=parameters["max_leaf_nodes"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_features=float(parameters["max_features"]),
        l2_regularization=1.0,
        # It would stop by the score on tracks drawn at random, whose artists are among those it learns from.
        early_stopping=False,
        random_state=seed,
    )
    return SklearnClassifier(estimator, balance=parameters["balance"], scaled=False, seed=seed)


GRADIENT_BOOSTING = Algorithm(
    name="gradient_boosting",
    make=_make,
    defaults=MappingProxyType(
        {
            "rounds": 100,
            "learning_rate": 0.1,
            "max_leaf_nodes": 15,
            "min_samples_leaf": 10,
            "max_features": 0.2,
            "balance": "weights",
        }
    ),
    values=MappingProxyType(
        {
            "rounds": integer(1, 2000),
            "learning_rate": ABOVE_ZERO,
            "max_leaf_nodes": integer(2, 1000),
            "min_samples_leaf": COUNT,
            "max_features": SHARE,
            "balance": BY_WEIGHTS,
        }
    ),
    search_space=MappingProxyType(
        {
            "rounds": (50, 100, 200),
            "learning_rate": (0.05, 0.1),
            "max_leaf_nodes": (7, 15, 31),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
