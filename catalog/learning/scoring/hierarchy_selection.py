"""Choice between one flat classifier and one classifier per parent term, by cross-validation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
"""Added to the seed: the structure is chosen on other folds than it is scored on."""
ALL_FOLDS_UP_TO = 5_000
"""Tracks above which only two folds are scored: they hold thousands of tracks, and fits take long."""


@dataclass(frozen=True, slots=True)
class StructureScore:
    """Scores of one structure; 0 to 1."""

    macro_f1: float
    hierarchical_f1: float

    @property
    def mean(self) -> float:
        """Mean of both: rare genres count, and so does the distance of a wrong prediction."""
        return (self.macro_f1 + self.hierarchical_f1) / 2


@dataclass(frozen=True)
class StructureChoice:
    """The structure chosen, with the scores that decided."""

    chosen: Literal["local", "flat"]
    local: StructureScore | None
    """One classifier per parent term; None where the structures were not compared."""
    flat: StructureScore | None
    """One classifier over all classes."""


def choose_structure(
    flat: TrainingRecipe,
    structure: Structure,
    X: Matrix,
    y: Integers,
    groups: Integers,
    hierarchy: Hierarchy,
    *,
    seed: int = 0,
) -> tuple[TrainingRecipe, StructureChoice | None]:
    """The recipe with the chosen structure, and the choice; None where no term has two narrower classes.

    `auto` takes local classifiers if their out-of-fold mean of macro F1 and hierarchical F1 is higher.
    """
    chains = class_chains(hierarchy)
    if not has_sub_genres(chains):
        return flat, None
    local = replace(flat, chains=chains)
    if structure != "auto":
        return (local if structure == "local" else flat), StructureChoice(structure, None, None)
    fold = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=seed + OTHER_FOLDS)
    numbers = np.unique(fold) if len(y) <= ALL_FOLDS_UP_TO else np.unique(fold)[:2]
    inside = np.isin(fold, numbers)
    classes = len(hierarchy.classes)
    scores: dict[str, StructureScore] = {}
    for name, recipe in (("local", local), ("flat", flat)):
        choice = calibrated_choices(
            X, y, groups, fold, classes, recipe.full_algorithm, recipe.parameters, seed, test_folds=numbers
        )
        scores[name] = StructureScore(
            evaluate(y[inside], choice, groups[inside], classes, resamples=1).macro_f1.value,
            hierarchical_score(choice, y[inside], hierarchy).f1,
        )
    if scores["local"].mean > scores["flat"].mean:
        return local, StructureChoice("local", **scores)
    return flat, StructureChoice("flat", **scores)


def stored_structure(metrics: Mapping[str, Any], hierarchy: Hierarchy) -> tuple[Chain, ...] | None:
    """The chains of local classifiers of a stored model over this hierarchy's classes; None for a flat classifier."""
    choice = metrics["hierarchy"]
    return class_chains(hierarchy) if choice is not None and choice["chosen"] == "local" else None
