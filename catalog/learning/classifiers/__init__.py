"""Classification algorithms by name, with one interface for all."""

from collections.abc import Mapping

from catalog.arrays import Matrix
from catalog.errors import CatalogError
from catalog.learning.classifiers.algorithm import (
    Algorithm,
    Classifier,
    UnknownParameterError,
    UnusableParameterError,
    class_probabilities,
)
from catalog.learning.classifiers.logistic_regression import LOGISTIC_REGRESSION
from catalog.learning.classifiers.naive_bayes import NAIVE_BAYES
from catalog.learning.classifiers.nearest_neighbors import NEAREST_NEIGHBORS
from catalog.learning.classifiers.neural_network import NEURAL_NETWORK
from catalog.learning.classifiers.stacking import STACK
from catalog.learning.classifiers.svm import SVM
from catalog.learning.classifiers.trees import (
    ADABOOST,
    BAGGING,
    DECISION_TREE,
    GRADIENT_BOOSTING,
    RANDOM_FOREST,
)

__all__ = [
    "ALGORITHMS",
    "DEFAULT",
    "LOGISTIC_REGRESSION",
    "Algorithm",
    "Classifier",
    "Matrix",
    "UnknownClassifierError",
    "UnknownParameterError",
    "UnusableParameterError",
    "class_probabilities",
    "get_algorithm",
]

ALGORITHMS: Mapping[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        LOGISTIC_REGRESSION,
        SVM,
        NEAREST_NEIGHBORS,
        NAIVE_BAYES,
        DECISION_TREE,
        RANDOM_FOREST,
        BAGGING,
        ADABOOST,
        GRADIENT_BOOSTING,
        NEURAL_NETWORK,
        STACK,
    )
}
DEFAULT = LOGISTIC_REGRESSION.name


class UnknownClassifierError(CatalogError):
    """No classifier has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no classifier {name!r}; there are: {', '.join(sorted(ALGORITHMS))}")


def get_algorithm(name: str) -> Algorithm:
    """The algorithm of that name. Raises UnknownClassifierError, which lists the names."""
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise UnknownClassifierError(name) from None
