"""How a model is learned from vectors: algorithm, parameters, and what comes before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.learning.classifiers import Algorithm, get_algorithm
from catalog.learning.classifiers.local_per_parent import Chain, build_local_classifiers
from catalog.learning.fitting.pca import projected


@dataclass(frozen=True)
class TrainingRecipe:
    """How a model is learned from vectors."""

    algorithm: str
    parameters: Mapping[str, Any]
    projection: Mapping[str, Any] | None
    blocks: tuple[int, ...] = ()
    """How many columns each feature set has."""
    chains: tuple[Chain, ...] | None = None
    """The terms above each class, where there is a classifier for each of them; None: one tells all classes apart."""

    @property
    def behind_projection(self) -> Algorithm:
        """The algorithm, which knows its blocks and fits its projection inside every fold if it has one."""
        plain = get_algorithm(self.algorithm).over(self.blocks)
        if self.chains is not None:
            plain = build_local_classifiers(plain, self.chains)
        return plain if self.projection is None else projected(plain, self.projection["variance"])
