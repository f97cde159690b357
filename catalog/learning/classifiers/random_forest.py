"""The random forest: the mean of many deep trees, each of other tracks and, at every question, other dimensions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import COUNT, SHARE, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, _blocks: tuple[int, ...]) -> Classifier:
    from sklearn.ensemble import RandomForestClassifier

    share = parameters["max_features"]
    estimator = RandomForestClassifier(
        n_estimators=parameters["trees"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_features="sqrt" if share is None else float(share),
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


RANDOM_FOREST = Algorithm(
    name="random_forest",
    make=_make,
    defaults=MappingProxyType(
        {
            "trees": 200,
            "min_samples_leaf": 2,
            "max_features": None,
            "tracks_a_tree": 20_000,
            "balance": "weights",
        }
    ),
    values=MappingProxyType(
        {
            "trees": integer(1, 2000),
            "min_samples_leaf": COUNT,
            "max_features": SHARE.or_null("the square root of the dimensions"),
            "tracks_a_tree": COUNT,
            "balance": BY_WEIGHTS,
        }
    ),
    search_space=MappingProxyType(
        {
            "min_samples_leaf": (1, 2, 5, 10),
            "max_features": (None, 0.1, 0.3),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
