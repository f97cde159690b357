"""The recipes of the study: eight classifiers with a grid each on the classic vectors, and what this project does."""

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
"""What the eight are searched over.

As in the study, genres weigh by their tracks, but for the forest that may choose.
"""
OURS = (DEFAULT, "gradient_boosting", "neural_network")


@dataclass(frozen=True)
class Recipe:
    """A classifier on vectors, with the settings that are tried."""

    kind: str
    """`classic`:

    the best setting by cross-validated accuracy, its choices as they are. `ours`: as it comes, calibrated.
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
    """The eight classifiers on each of the feature sets, over the study's grid or over all that is worth trying."""
    return [
        Recipe(
            "classic",
            tuple(grid_candidates([get_algorithm(name)], (vectors,)) if whole else _small(name, vectors)),
        )
        for vectors in feature_sets
        for name in GRIDS
    ]


def ours(feature_set: str, beside: str | None = None) -> list[Recipe]:
    """What this project does, the default first; with a second feature set both side by side, and stacked."""
    tried = [(name, (feature_set,)) for name in OURS]
    if beside is not None:
        tried += [(name, (feature_set, beside)) for name in (DEFAULT, "stack")]
    return [Recipe("ours", (Candidate(name, get_algorithm(name).complete(), sets),)) for name, sets in tried]


def _small(name: str, vectors: str) -> list[Candidate]:
    values = GRIDS[name]
    settings = (dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))
    return [Candidate(name, get_algorithm(name).complete(setting), (vectors,)) for setting in settings]
