"""Candidates of a search: algorithms with their defaults, a grid, or random parameters."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from catalog.errors import CatalogError
from catalog.learning.classifiers import Algorithm

MOST_CANDIDATES = 2_000
"""Largest grid; a larger one would run for days."""


class TooManyCandidatesError(CatalogError):
    """The grid is larger than MOST_CANDIDATES."""


@dataclass(frozen=True)
class Candidate:
    """An algorithm with all its parameters, and its feature sets."""

    algorithm: str
    parameters: Mapping[str, Any]
    feature_sets: tuple[str, ...]

    @property
    def key(self) -> str:
        """Canonical JSON: equal for equal candidates, whatever the order of the parameters."""
        return json.dumps([self.algorithm, self.parameters, self.feature_sets], sort_keys=True)

    def as_json(self) -> dict[str, Any]:
        """The candidate as the database stores it."""
        return {**vars(self), "feature_sets": list(self.feature_sets)}


def default_candidates(
    algorithms: Sequence[Algorithm], feature_sets: Sequence[tuple[str, ...]]
) -> list[Candidate]:
    """Each algorithm with its default parameters, on each combination of feature sets."""
    return [
        Candidate(algorithm.name, algorithm.complete(), names)
        for algorithm in algorithms
        for names in feature_sets
    ]


def grid_candidates(algorithms: Sequence[Algorithm], feature_sets: tuple[str, ...]) -> list[Candidate]:
    """All combinations of the search space, each algorithm's defaults first.

    Raises TooManyCandidatesError for more than 2,000 combinations.
    """
    size = sum(_size(algorithm) for algorithm in algorithms)
    if size > MOST_CANDIDATES:
        raise TooManyCandidatesError(
            f"the grid has {size:,} candidates, more than {MOST_CANDIDATES:,}; "
            "name fewer algorithms, or use random search or halving"
        )
    return [
        candidate
        for algorithm in algorithms
        for candidate in _distinct(
            algorithm, feature_sets, (_at(algorithm, number) for number in range(_size(algorithm)))
        )
    ]


def random_candidates(
    algorithms: Sequence[Algorithm], feature_sets: tuple[str, ...], number: int, *, seed: int
) -> list[Candidate]:
    """`number` distinct candidates, or all if there are fewer, drawn in turn from each algorithm's search space.

    Each algorithm's defaults come first; the others are drawn uniformly without replacement.
    """
    streams = [
        _distinct(algorithm, feature_sets, _shuffled(algorithm, np.random.default_rng([seed, at])))
        for at, algorithm in enumerate(algorithms)
    ]
    candidates: list[Candidate] = []
    while streams and len(candidates) < number:
        for stream in list(streams):
            candidate = next(stream, None)
            if candidate is None:
                streams.remove(stream)
            else:
                candidates.append(candidate)
    return candidates[:number]


def _distinct(
    algorithm: Algorithm, feature_sets: tuple[str, ...], settings: Iterator[dict[str, Any]]
) -> Iterator[Candidate]:
    """The defaults, then one candidate for each new setting."""
    seen = set()
    for setting in chain([{}], settings):
        candidate = Candidate(algorithm.name, algorithm.complete(setting), feature_sets)
        if candidate.key not in seen:
            seen.add(candidate.key)
            yield candidate


def _size(algorithm: Algorithm) -> int:
    return math.prod(len(values) for values in algorithm.search_space.values())


def _shuffled(algorithm: Algorithm, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    return (_at(algorithm, int(number)) for number in generator.permutation(_size(algorithm)))


def _at(algorithm: Algorithm, number: int) -> dict[str, Any]:
    """The setting at a position of the grid; the last parameter varies fastest, as in `itertools.product`."""
    setting: dict[str, Any] = {}
    for name, values in reversed(list(algorithm.search_space.items())):
        number, position = divmod(number, len(values))
        setting[name] = values[position]
    return setting
