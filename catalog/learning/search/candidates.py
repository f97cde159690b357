"""Candidates: what a search tries, by scheme: every algorithm as it is, a whole grid, or so many drawn by chance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from catalog.errors import CatalogError
from catalog.learning.classifiers import Algorithm

MOST_CANDIDATES = 2_000
"""A grid with more is none that anybody waits for."""


class TooManyCandidatesError(CatalogError):
    """A grid that is too large to be tried whole."""


@dataclass(frozen=True)
class Candidate:
    """An algorithm with all its parameters, and the feature sets that it learns from."""

    algorithm: str
    parameters: Mapping[str, Any]
    feature_sets: tuple[str, ...]

    @property
    def key(self) -> str:
        """What tells candidates apart: their JSON, whatever the order of the parameters."""
        return json.dumps([self.algorithm, self.parameters, self.feature_sets], sort_keys=True)

    def as_json(self) -> dict[str, Any]:
        """What stands in the database of it."""
        return {
            "algorithm": self.algorithm,
            "parameters": dict(self.parameters),
            "feature_sets": list(self.feature_sets),
        }


def default_candidates(
    algorithms: Sequence[Algorithm], feature_sets: Sequence[tuple[str, ...]]
) -> list[Candidate]:
    """Every algorithm as it is, on each of the feature sets or combinations of them."""
    return [
        Candidate(algorithm.name, algorithm.complete(), names)
        for algorithm in algorithms
        for names in feature_sets
    ]


def grid_candidates(algorithms: Sequence[Algorithm], feature_sets: tuple[str, ...]) -> list[Candidate]:
    """Every combination of the values worth trying, each algorithm's defaults before the others.

    Raises TooManyCandidatesError, before any is made, where there are more than 2,000.
    """
    size = sum(_size(algorithm) for algorithm in algorithms)
    if size > MOST_CANDIDATES:
        raise TooManyCandidatesError(
            f"the grid has {size:,} candidates, more than {MOST_CANDIDATES:,}; "
            "name fewer algorithms, or search at random or by halving"
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
    """So many different candidates, or all there are, drawn in turn from each algorithm's space.

    Every algorithm begins with its defaults; the rest is drawn evenly and without repetition by the seed.
    """
    turns = [
        _distinct(algorithm, feature_sets, _shuffled(algorithm, np.random.default_rng([seed, at])))
        for at, algorithm in enumerate(algorithms)
    ]
    found: list[Candidate] = []
    while turns and len(found) < number:
        for turn in list(turns):
            taken = list(islice(turn, 1))
            if not taken:
                turns.remove(turn)
            found += taken
    return found[:number]


def _distinct(
    algorithm: Algorithm, feature_sets: tuple[str, ...], settings: Iterator[dict[str, Any]]
) -> Iterator[Candidate]:
    """The defaults, then one candidate for each of the settings that is no other than one before."""
    seen = set()
    for setting in _first_defaults(settings):
        candidate = Candidate(algorithm.name, algorithm.complete(setting), feature_sets)
        if candidate.key not in seen:
            seen.add(candidate.key)
            yield candidate


def _first_defaults(settings: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield {}
    yield from settings


def _size(algorithm: Algorithm) -> int:
    return math.prod(len(values) for values in algorithm.search_space.values())


def _shuffled(algorithm: Algorithm, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    return (_at(algorithm, int(number)) for number in generator.permutation(_size(algorithm)))


def _at(algorithm: Algorithm, number: int) -> dict[str, Any]:
    """The setting of that number, the last parameter turning fastest as in `itertools.product`."""
    setting: dict[str, Any] = {}
    for name, values in reversed(list(algorithm.search_space.items())):
        number, place = divmod(number, len(values))
        setting[name] = values[place]
    return setting
