"""The training recipe of a model: algorithm, parameters, projection, feature set widths and hierarchy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.learning.classifiers import Algorithm, get_algorithm
from catalog.learning.classifiers.local_per_parent import Chain, build_local_classifiers
from catalog.learning.fitting.pca import with_projection


@dataclass(frozen=True)
class TrainingRecipe:
    """The training recipe of a model."""

    algorithm: str
    parameters: Mapping[str, Any]
    projection: Mapping[str, Any] | None
    blocks: tuple[int, ...] = ()
    """The number of columns of each feature set."""
    chains: tuple[Chain, ...] | None = None
    """The terms above each class, for local classifiers; None for one flat classifier."""

    @property
    def full_algorithm(self) -> Algorithm:
        """The algorithm with blocks, local classifiers and projection, all of which are fitted inside every fold."""
        algorithm = get_algorithm(self.algorithm).over(self.blocks)
        if self.chains is not None:
            algorithm = build_local_classifiers(algorithm, self.chains)
        return (
            algorithm if self.projection is None else with_projection(algorithm, self.projection["variance"])
        )
