"""Nearest neighbors: the genres of the tracks that lie closest, the closest counting most."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_SAMPLING
from catalog.learning.classifiers.parameter_space import COUNT, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    from sklearn.neighbors import KNeighborsClassifier

    # Brute force: a tree of hundreds of dimensions visits all of its leaves. scikit-learn does it in chunks.
    estimator = KNeighborsClassifier(weights="distance", algorithm="brute", n_jobs=1)
    return SklearnClassifier(
        estimator,
        balance=parameters["balance"],
        blocks=blocks,
        at_most={"n_neighbors": parameters["neighbors"]},
        # What it has learned is the vectors themselves: they are the model, in memory and in its file.
        most_tracks=parameters["tracks"],
        seed=seed,
    )


NEAREST_NEIGHBORS = Algorithm(
    name="knn",
    make=_make,
    defaults=MappingProxyType({"neighbors": 15, "tracks": 50_000, "balance": "none"}),
    values=MappingProxyType({"neighbors": integer(1, 1000), "tracks": COUNT, "balance": BY_SAMPLING}),
    search_space=MappingProxyType({"neighbors": (5, 10, 15, 30, 60), "balance": ("none", "sampling")}),
)
