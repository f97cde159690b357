"""Training options: what a training run fits, and the checks of the feature sets that it combines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.errors import CatalogError
from catalog.learning.classifiers import DEFAULT
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.dataset.training_feature_sets import PROJECTED, SOURCE
from catalog.learning.fitting.abstention import PRECISION
from catalog.learning.fitting.pca import VARIANCE
from catalog.learning.scoring.hierarchy_selection import Structure
from catalog.learning.scoring.model_metrics import SearchSummary


class UnusableFeatureSetsError(CatalogError):
    """These feature sets cannot be combined in one model."""


@dataclass(frozen=True)
class TrainingOptions:
    """The options of a training run."""

    algorithm: str = DEFAULT
    parameters: Mapping[str, Any] = field(default_factory=dict)
    feature_sets: tuple[str, ...] = ("musicnn",)
    """Their vectors are concatenated in this order."""
    rule: ClassRule = field(default_factory=lambda: ClassRule(10, 5, "leaf"))
    hierarchy: Structure = "auto"
    """Whether each term with two narrower classes has a local classifier; `auto` compares the scores of both."""
    precision: float = PRECISION
    seed: int = 0
    force: bool = False
    """Train even if nothing has changed, and activate the model even if the gate rejects it."""
    split: Literal["fma"] | None = None
    """A split with published scores, on which the same recipe is also scored."""
    search: SearchSummary | None = None
    """How a search chose algorithm and parameters; its nested scores replace those that the choice was made by."""

    def __post_init__(self) -> None:
        repeated = sorted({name for name in self.feature_sets if self.feature_sets.count(name) > 1})
        if repeated:
            raise UnusableFeatureSetsError(f"the feature set {repeated[0]} is named twice; name each once")
        if PROJECTED in self.feature_sets and len(self.feature_sets) > 1:
            raise UnusableFeatureSetsError(
                f"{PROJECTED} cannot be combined with other feature sets, because it is refitted in every fold; "
                "name it alone"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """The feature sets whose vectors are read; for `pca` that is `grid`, which every fold projects again."""
        return tuple(SOURCE if name == PROJECTED else name for name in self.feature_sets)

    @property
    def projection(self) -> dict[str, Any] | None:
        """The parameters of the projection; None if the vectors are not projected."""
        return {"variance": VARIANCE} if self.feature_sets == (PROJECTED,) else None
