"""The recipes of the study: eight classifiers with a grid each on the classic vectors, and this project's recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

from catalog.learning.classifiers import DEFAULT, get_algorithm
from catalog.learning.search.candidates import Candidate, grid_candidates

PLAIN = ("none",)
GRIDS: Mapping[str, Mapping[str, Sequence[Any]]] = MappingProxyType(
    {
        "random_forest": {"min_samples_leaf": (1, 2, 5), "balance": ("none", "weights")},
        "svm": {"C": (1.0, 3.0, 10.0), "gamma": (0.3, 1.0), "balance": PLAIN},
        "knn": {"neighbors": (5, 10, 15, 30), "balance": PLAIN},
        "logistic_regression": {"C": (0.001, 0.01, 0.1, 1.0), "balance": PLAIN},
        "decision_tree": {"max_depth": (8, 16), "min_samples_leaf": (5, 20), "balance": PLAIN},
        "adaboost": {"max_depth": (2, 4), "learning_rate": (0.5, 1.0), "balance": PLAIN},
        "naive_bayes": {"var_smoothing": (1e-6, 0.01, 0.1, 0.5), "balance": PLAIN},
        "bagging": {"min_samples_leaf": (1, 5), "max_features": (0.1, 0.3), "balance": PLAIN},
    }
)
"""The grids of the eight classifiers.

As in the study, genres have no class weights; the grid of the forest includes them.
"""
OURS = (DEFAULT, "gradient_boosting", "neural_network")


@dataclass(frozen=True)
class Recipe:
    """A classifier on vectors, with its candidate settings."""

    kind: str
    """`classic` or `ours`.

    `classic`: the best setting by cross-validated accuracy, uncalibrated. `ours`: default parameters, calibrated.
    """
    candidates: tuple[Candidate, ...]

    @property
    def algorithm(self) -> str:
        return self.candidates[0].algorithm

    @property
    def feature_sets(self) -> tuple[str, ...]:
        return self.candidates[0].feature_sets

    @property
    def is_ours(self) -> bool:
        return self.kind == "ours"

    @property
    def title(self) -> str:
        return f"{self.algorithm} on {'+'.join(self.feature_sets)}"


def classic(feature_sets: Sequence[str], *, whole: bool) -> list[Recipe]:
    """The eight classifiers on each feature set, with the study's grid or with the full grid."""
    return [
        Recipe(
            "classic",
            tuple(grid_candidates([get_algorithm(name)], (vectors,)) if whole else _small(name, vectors)),
        )
        for vectors in feature_sets
        for name in GRIDS
    ]


def ours(feature_set: str, second: str | None = None) -> list[Recipe]:
    """Recipes of this project, the default first; a second feature set adds both concatenated, and the stack."""
    pairs = [(name, (feature_set,)) for name in OURS]
    if second is not None:
        pairs += [(name, (feature_set, second)) for name in (DEFAULT, "stack")]
    return [Recipe("ours", (Candidate(name, get_algorithm(name).complete(), sets),)) for name, sets in pairs]


def _small(name: str, vectors: str) -> list[Candidate]:
    values = GRIDS[name]
    settings = (dict(zip(values, combination, strict=True)) for combination in product(*values.values()))
    return [Candidate(name, get_algorithm(name).complete(setting), (vectors,)) for setting in settings]
