"""The choice between one classifier over all classes and one for each term with narrower classes, by the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from catalog.arrays import Integers
from catalog.learning.classifiers import Matrix
from catalog.learning.classifiers.local_per_parent import Chain, class_chains, has_sub_genres
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.training_recipe import TrainingRecipe
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.scoring.hierarchical_metrics import hierarchical_score
from catalog.learning.scoring.repeated_cv import calibrated_choices

Structure = Literal["auto", "local", "flat"]

OTHER_FOLDS = 1_000
"""Added to the seed: the folds that a choice is made on are not those that its outcome is scored on."""
ALL_FOLDS_UP_TO = 5_000
"""Of more tracks only two folds are asked about: they hold thousands, and the fits are long."""


@dataclass(frozen=True, slots=True)
class StructureScore:
    """How one of the two did; shares of 0 to 1."""

    macro_f1: float
    hierarchical_f1: float

    @property
    def mean(self) -> float:
        """Of both: rare genres must be found, and what is not found must be a near miss."""
        return (self.macro_f1 + self.hierarchical_f1) / 2


@dataclass(frozen=True)
class StructureChoice:
    """Which of the two is taken, and why."""

    chosen: Literal["local", "flat"]
    local: StructureScore | None
    """None where nothing was compared."""
    flat: StructureScore | None
    """Learned by one classifier over all classes."""

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept of it among a model's metrics."""
        return asdict(self)


def structured(
    learned: TrainingRecipe,
    wanted: Structure,
    X: Matrix,
    y: Integers,
    groups: Integers,
    hierarchy: Hierarchy,
    *,
    seed: int = 0,
) -> tuple[TrainingRecipe, StructureChoice | None]:
    """How the classes are to be learned, and the choice; None where no term has two narrower classes.

    `auto` takes local classifiers where out of fold the mean of macro F1 and hierarchical F1 is higher by them.
    """
    chains = class_chains(hierarchy)
    if not has_sub_genres(chains):
        return learned, None
    local = replace(learned, chains=chains)
    if wanted != "auto":
        return (local if wanted == "local" else learned), StructureChoice(wanted, None, None)
    fold = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=seed + OTHER_FOLDS)
    numbers = np.unique(fold) if len(y) <= ALL_FOLDS_UP_TO else np.unique(fold)[:2]
    inside = np.isin(fold, numbers)
    classes = len(hierarchy.classes)
    scores: dict[str, StructureScore] = {}
    for name, one in (("local", local), ("flat", learned)):
        choice = calibrated_choices(
            X, y, groups, fold, classes, one.behind_projection, one.parameters, seed, asked=numbers
        )
        scores[name] = StructureScore(
            evaluate(y[inside], choice, groups[inside], classes, resamples=1).macro_f1.value,
            hierarchical_score(choice, y[inside], hierarchy).f1,
        )
    if scores["local"].mean > scores["flat"].mean:
        return local, StructureChoice("local", **scores)
    return learned, StructureChoice("flat", **scores)


def stored_structure(metrics: Mapping[str, Any], hierarchy: Hierarchy) -> tuple[Chain, ...] | None:
    """The chains by which a stored model was learned over this hierarchy's classes; None where it was learned flat."""
    chosen = (metrics.get("hierarchy") or {}).get("chosen", "flat")
    return class_chains(hierarchy) if chosen == "local" else None
