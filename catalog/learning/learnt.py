"""How a model is learnt from vectors: algorithm, parameters, and what comes before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.learning.classifiers import Algorithm, algorithm
from catalog.learning.projection import projected


@dataclass(frozen=True)
class Learnt:
    """How a model is learnt from vectors."""

    algorithm: str
    parameters: Mapping[str, Any]
    projection: Mapping[str, Any] | None
    blocks: tuple[int, ...] = ()
    """How many columns each feature set has."""

    @property
    def behind_projection(self) -> Algorithm:
        """The algorithm, which knows its blocks and fits its projection inside every fold if it has one."""
        plain = algorithm(self.algorithm).over(self.blocks)
        return plain if self.projection is None else projected(plain, self.projection["variance"])
