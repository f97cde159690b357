"""The gate: a new model replaces the one in force only if it is not worse on the same tracks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from catalog.arrays import Integers
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.evaluation import evaluate, macro_f1_difference

MARGIN = 0.01
"""How much lower the macro F1 of a new model may be."""
WORST = -0.05
"""What the lower end of the interval of the difference must lie above: worse by so much must be unlikely."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new model beside the one in force, on the same tracks."""

    tracks: int
    groups: int
    new: float
    """Macro F1, 0 to 1."""
    in_force: float
    difference: Interval
    """New less in force."""

    @property
    def is_worse(self) -> bool:
        """Whether the gate is shut by it."""
        return self.difference.value < -MARGIN or self.difference.low <= WORST

    def words(self, rival: int) -> str:
        """Both scores and the difference in words; `rival` is the model in force."""
        # Two scores that are equal, or nearly, do not say why the gate is shut.
        is_close = self.difference.value >= -MARGIN and self.is_worse
        doubt = f": {-WORST} less cannot be ruled out" if is_close else ""
        return (
            f"its macro F1 is {self.new:.3f}; the recipe of model {rival} reaches {self.in_force:.3f} "
            f"(the difference lies between {self.difference.low:+.3f} and {self.difference.high:+.3f}{doubt})"
        )


@dataclass(frozen=True, slots=True)
class PromotionVerdict:
    """What the gate says of a new model."""

    rival: int
    """The model in force, whose recipe was refitted."""
    on_folds: Comparison
    on_sample: Comparison | None
    """On the check sample; None where people have judged too little of one."""

    @property
    def worse(self) -> str | None:
        """Why the new model must not replace model `rival`; None where it may."""
        if self.on_folds.is_worse:
            return f"on the same folds {self.on_folds.words(self.rival)}"
        if self.on_sample is not None and self.on_sample.is_worse:
            return f"on the check sample {self.on_sample.words(self.rival)}"
        return None

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept of it among a model's metrics."""
        return {**asdict(self), "passed": self.worse is None}


def compare_models_on_gate(
    y: Integers, choice: Integers, in_force: Integers, groups: Integers, classes: int, *, seed: int = 0
) -> Comparison:
    """The choices of a new model, and of the one in force, for tracks (n,) of class `y` in `groups`.

    ValueError without a track.
    """
    scores = [evaluate(y, one, groups, classes, resamples=1).macro_f1.value for one in (choice, in_force)]
    return Comparison(
        tracks=len(y),
        groups=int(np.unique(groups).size),
        new=scores[0],
        in_force=scores[1],
        difference=macro_f1_difference(y, choice, in_force, groups, classes, seed=seed),
    )
