"""Local classifiers per parent node: hierarchical classification as an alternative to one flat classifier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from catalog.arrays import Floats, Integers
from catalog.learning.classifiers import Algorithm, Classifier, Matrix, class_probabilities
from catalog.learning.dataset.hierarchy import Hierarchy

Chain = tuple[int, ...]
"""The terms above a class from the top down, then the class itself as a leaf of its own."""
Branch: TypeAlias = "int | tuple[Branch, ...]"
"""A class, or the branches of a term that has a local classifier."""


class LocalClassifiers:
    """A classifier for each parent node, fitted on the tracks below it; the probability of a class is the product
    along its path.

    C. Silla and A. Freitas, "A survey of hierarchical classification across different application domains" (2011),
    "local classifier per parent node". A class with narrower classes also competes with them, as one more child of
    its own node. A class with only one narrower class has no classifier: both are branches of the classifier above.
    """

    def __init__(self, make: Callable[[], Classifier], chains: Sequence[Chain]) -> None:
        self._make = make
        self.chains = [list(chain) for chain in chains]

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> LocalClassifiers:
        """Fits a classifier for each term with two branches among the classes that occur in `y` (n,)."""
        self.classes_: Integers = np.unique(y)
        self.options: list[Integers] = []
        self.classifiers: list[Classifier] = []
        column = np.searchsorted(self.classes_, y)
        for option in branches([tuple(self.chains[number]) for number in self.classes_.tolist()]):
            inside = option[column] >= 0
            classifier = self._make()
            classifier.fit(X[inside], option[column[inside]], None if groups is None else groups[inside])
            self.options.append(option)
            self.classifiers.append(classifier)
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        probability = np.ones((len(X), len(self.classes_)))
        for option, classifier in zip(self.options, self.classifiers, strict=True):
            below = option >= 0
            local = class_probabilities(classifier, X, int(option.max()) + 1)
            probability[:, below] *= local[:, option[below]]
        return probability

    def __getstate__(self) -> dict[str, Any]:
        """The fitted state, without the factory."""
        return {name: value for name, value in vars(self).items() if name != "_make"}


def class_chains(hierarchy: Hierarchy) -> tuple[Chain, ...]:
    """The chain of each class. Leaves have negative numbers, which no term has."""
    return tuple((*reversed(path), -1 - column) for column, path in enumerate(hierarchy.paths))


def has_sub_genres(chains: Sequence[Chain]) -> bool:
    """Whether a term has two narrower classes and could therefore have a local classifier."""
    return len(branches(chains)) > 1


def branches(chains: Sequence[Chain]) -> list[Integers]:
    """For each local classifier, the branch (0, 1 ...) of each class; -1 for classes outside its term.

    The top comes first. Fewer than two classes give an empty list.
    """
    options: list[Integers] = []

    def divide(branches: Sequence[Branch]) -> None:
        option = np.full(len(chains), -1, dtype=np.int64)
        for number, branch in enumerate(branches):
            option[_classes(branch)] = number
        options.append(option)
        for branch in branches:
            if not isinstance(branch, int):
                divide(branch)

    top = _branches(range(len(chains)), chains, 0)
    if len(top) == 1 and not isinstance(top[0], int):
        top = list(top[0])
    if len(top) > 1:
        divide(top)
    return options


def build_local_classifiers(algorithm: Algorithm, chains: Sequence[Chain]) -> Algorithm:
    """The algorithm as local classifiers over the chains of the classes 0, 1 ..."""

    def make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
        return LocalClassifiers(lambda: algorithm.make(parameters, seed, blocks), chains)

    return replace(algorithm, make=make)


def _branches(classes: Sequence[int], chains: Sequence[Chain], depth: int) -> list[Branch]:
    """The classes that share their first `depth` terms, as branches."""
    by_term: defaultdict[int, list[int]] = defaultdict(list)
    for number in classes:
        by_term[chains[number][depth]].append(number)
    result: list[Branch] = []
    for inside in by_term.values():
        if len(inside) == 1:
            result.append(inside[0])
            continue
        below = _branches(inside, chains, depth + 1)
        narrower = {chains[number][depth + 1] for number in inside if chains[number][depth + 1] >= 0}
        if len(narrower) > 1:
            result.append(tuple(below))
        else:
            result += below
    return result


def _classes(branch: Branch) -> list[int]:
    return [branch] if isinstance(branch, int) else [number for part in branch for number in _classes(part)]
