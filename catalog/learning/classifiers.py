"""Classifiers by name: each an algorithm with defaults and a search space, behind one small interface."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32] | npt.NDArray[np.float64]


class Classifier(Protocol):
    """What a classifier can do; any scikit-learn classifier does. X is (n, dimensions), y integer classes."""

    classes_: npt.NDArray[np.int64]

    def fit(self, X: Matrix, y: npt.NDArray[np.int64]) -> Any: ...

    def predict_proba(self, X: Matrix) -> npt.NDArray[np.float64]: ...


class UnknownClassifierError(LookupError):
    """No classifier has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no classifier {name!r}; there are: {', '.join(sorted(ALGORITHMS))}")


class UnknownParameterError(ValueError):
    """The classifier has no parameter of that name."""


class UnusableParameterError(ValueError):
    """A parameter cannot have that value."""


@dataclass(frozen=True)
class Values:
    """Which values a parameter may have."""

    words: str
    hold: Callable[[Any], bool]


ABOVE_ZERO = Values(
    "a number above 0",
    lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
    ),
)
COUNT = Values(
    "a whole number above 0",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
)


@dataclass(frozen=True)
class Algorithm:
    """A way to learn classes from vectors. It scales its input by itself, inside `fit`."""

    name: str
    make: Callable[[Mapping[str, Any], int], Classifier]
    """From all parameters and a seed to an unfitted classifier."""
    defaults: Mapping[str, Any]
    values: Mapping[str, Values]
    """For every parameter what it may be."""
    search_space: Mapping[str, Sequence[Any]] = field(default_factory=lambda: MappingProxyType({}))
    """For some parameters the values worth trying."""

    def build(self, parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> Classifier:
        """An unfitted classifier with the defaults overridden. Raises what `complete` raises."""
        return self.make(self.complete(parameters), seed)

    def complete(self, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All parameters, the defaults overridden by those given.

        Raises UnknownParameterError for one it does not have, UnusableParameterError for a value that one cannot have.
        """
        given = dict(parameters or {})
        if unknown := sorted(set(given) - set(self.defaults)):
            known = ", ".join(sorted(self.defaults))
            raise UnknownParameterError(f"{self.name} has no parameter {unknown[0]!r}; it has: {known}")
        for name, value in given.items():
            if not self.values[name].hold(value):
                raise UnusableParameterError(
                    f"{name} of {self.name} is {self.values[name].words}, not {value!r}"
                )
        return {**self.defaults, **given}


def _logistic_regression(parameters: Mapping[str, Any], seed: int) -> Classifier:
    # Imported here: a worker's parent process loads this package and must not load scikit-learn.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline: Classifier = make_pipeline(
        StandardScaler(), LogisticRegression(random_state=seed, **parameters)
    )
    return pipeline


LOGISTIC_REGRESSION = Algorithm(
    name="logistic_regression",
    make=_logistic_regression,
    defaults=MappingProxyType({"C": 0.01, "class_weight": "balanced", "max_iter": 2000}),
    values=MappingProxyType(
        {
            "C": ABOVE_ZERO,
            "class_weight": Values("balanced or null", lambda value: value is None or value == "balanced"),
            "max_iter": COUNT,
        }
    ),
    search_space=MappingProxyType({"C": (0.001, 0.003, 0.01, 0.03, 0.1), "class_weight": (None, "balanced")}),
)

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {algorithm.name: algorithm for algorithm in (LOGISTIC_REGRESSION,)}
)
DEFAULT = LOGISTIC_REGRESSION.name


def algorithm(name: str) -> Algorithm:
    """The algorithm of that name. UnknownClassifierError names those that there are."""
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise UnknownClassifierError(name) from None


def class_probabilities(classifier: Classifier, X: Matrix, classes: int) -> npt.NDArray[np.float64]:
    """(n, classes): a fitted classifier's probabilities, 0 for classes 0 to `classes` - 1 it has not seen."""
    probability = np.zeros((len(X), classes))
    if len(X):
        probability[:, classifier.classes_] = classifier.predict_proba(X)
    return probability
