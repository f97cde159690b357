"""K nearest neighbors, weighted by inverse distance."""

from collections.abc import Mapping
from typing import Any

from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import balance_without_weights
from catalog.learning.classifiers.parameter_space import COUNT, Parameter, integer
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
        # The model consists of the training vectors, in memory and in its file.
        most_tracks=parameters["tracks"],
        seed=seed,
    )


NEAREST_NEIGHBORS = Algorithm(
    name="knn",
    make=_make,
    parameters={
        "neighbors": Parameter(15, integer(1, 1000), tries=(5, 10, 15, 30, 60)),
        "tracks": Parameter(50_000, COUNT),
        "balance": balance_without_weights("none"),
    },
)
