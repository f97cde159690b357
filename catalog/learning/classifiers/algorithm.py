"""An algorithm: a name, parameters with defaults and a search space, and how a classifier is made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from catalog.arrays import Floats, Integers, Matrix
from catalog.errors import CatalogError
from catalog.learning.classifiers.parameter_space import Values

CHUNK = 10_000
"""Vectors asked about at once: some algorithms make temporary float64 copies of what they are asked."""


class UnknownParameterError(CatalogError):
    """The classifier has no parameter of that name."""


class UnusableParameterError(CatalogError):
    """A parameter cannot have that value."""


class Classifier(Protocol):
    """What a classifier can do. X is (n, dimensions) and stays as it is, y (n,) holds integer classes."""

    classes_: Integers
    """Ascending: the columns of probabilities."""

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> Any:
        """Learns. What is fitted on parts of the tracks keeps `groups` (n,) apart; without any, each is its own."""

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""


@dataclass(frozen=True)
class Algorithm:
    """A way to learn classes from vectors. It scales its input by itself, inside `fit`."""

    name: str
    make: Callable[[Mapping[str, Any], int, tuple[int, ...]], Classifier]
    """From all parameters, a seed and the widths of the blocks to an unfitted classifier."""
    defaults: Mapping[str, Any]
    values: Mapping[str, Values]
    """For every parameter what it may be."""
    search_space: Mapping[str, Sequence[Any]] = field(default_factory=lambda: MappingProxyType({}))
    """For some parameters the values worth trying."""
    blocks: tuple[int, ...] = ()
    """How many columns each feature set has, from the left; () where there is one."""

    def over(self, blocks: Sequence[int]) -> "Algorithm":
        """The algorithm for vectors of several feature sets side by side."""
        return replace(self, blocks=tuple(blocks) if len(blocks) > 1 else ())

    def build(self, parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> Classifier:
        """An unfitted classifier with the defaults overridden. Raises what `complete` raises."""
        return self.make(self.complete(parameters), seed, self.blocks)

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


def class_probabilities(classifier: Classifier, X: Matrix, classes: int) -> Floats:
    """(n, classes): a fitted classifier's probabilities, 0 for classes 0 to `classes` - 1 it has not seen."""
    probability = np.zeros((len(X), classes))
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        probability[part, classifier.classes_] = classifier.predict_proba(X[part])
    return probability
