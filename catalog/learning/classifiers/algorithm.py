"""An algorithm: a name, a table of parameters, and a factory of classifiers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from catalog.arrays import Floats, Integers, Matrix
from catalog.errors import CatalogError
from catalog.learning.classifiers.parameter_space import Parameter

CHUNK = 10_000
"""Vectors per call of `predict_proba`: some algorithms make temporary float64 copies of their input."""


class UnknownParameterError(CatalogError):
    """The classifier has no parameter of that name."""


class UnusableParameterError(CatalogError):
    """The parameter does not allow that value."""


class Classifier(Protocol):
    """The interface of a classifier. X is (n, dimensions) and is not modified, y (n,) holds integer classes."""

    classes_: Integers
    """Ascending: the columns of probabilities."""

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> Any:
        """Fits the classifier. Inner folds keep `groups` (n,) apart; without groups each track is its own group."""

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""


@dataclass(frozen=True)
class Algorithm:
    """A classification algorithm. Its classifiers scale their input in `fit`."""

    name: str
    make: Callable[[Mapping[str, Any], int, tuple[int, ...]], Classifier]
    """Makes an unfitted classifier from all parameters, a seed and the widths of the blocks."""
    parameters: Mapping[str, Parameter]
    blocks: tuple[int, ...] = ()
    """The number of columns of each feature set, from the left; () for one feature set."""

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of every parameter."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    @property
    def search_space(self) -> dict[str, tuple[Any, ...]]:
        """The values that a search tries, for the parameters that have any."""
        return {name: parameter.tries for name, parameter in self.parameters.items() if parameter.tries}

    def over(self, blocks: Sequence[int]) -> "Algorithm":
        """The algorithm for the concatenated vectors of several feature sets."""
        return replace(self, blocks=tuple(blocks) if len(blocks) > 1 else ())

    def build(self, parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> Classifier:
        """An unfitted classifier with some defaults overridden. Raises the errors of `complete`."""
        return self.make(self.complete(parameters), seed, self.blocks)

    def fit(
        self,
        X: Matrix,
        y: Integers,
        groups: Integers | None,
        parameters: Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
    ) -> Classifier:
        """A classifier fitted on vectors (n, dimensions). Raises the errors of `complete`."""
        classifier = self.build(parameters, seed=seed)
        classifier.fit(X, y, groups)
        return classifier

    def complete(self, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All parameters, with the defaults overridden by `parameters`.

        Raises UnknownParameterError for a name that the algorithm lacks, UnusableParameterError for a value that the
        parameter does not allow.
        """
        overrides = dict(parameters or {})
        if unknown := sorted(set(overrides) - set(self.parameters)):
            names = ", ".join(sorted(self.parameters))
            raise UnknownParameterError(f"{self.name} has no parameter {unknown[0]!r}; it has: {names}")
        for name, value in overrides.items():
            allowed = self.parameters[name].allowed
            if not allowed.contain(value):
                raise UnusableParameterError(f"{name} of {self.name} is {allowed.description}, not {value!r}")
        return {**self.defaults, **overrides}


def class_probabilities(classifier: Classifier, X: Matrix, classes: int) -> Floats:
    """(n, classes): probabilities of a fitted classifier; 0 for classes that were not in its training set."""
    probability = np.zeros((len(X), classes))
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        probability[part, classifier.classes_] = classifier.predict_proba(X[part])
    return probability
