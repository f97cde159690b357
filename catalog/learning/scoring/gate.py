"""Promotion gate: a new model (challenger) replaces the active one (champion) unless it scores lower."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Integers
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.evaluation import evaluate, macro_f1_difference

MARGIN = 0.01
"""Permitted loss of macro F1."""
LOWEST_DIFFERENCE = -0.05
"""The lower end of the interval of the difference must be above this value: a loss of this size must be unlikely."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Macro F1 (0 to 1) of challenger and champion on the same tracks."""

    tracks: int
    groups: int
    challenger: float
    champion: float
    difference: Interval
    """Challenger minus champion."""

    @property
    def is_worse(self) -> bool:
        """Whether this comparison rejects the challenger."""
        return self.difference.value < -MARGIN or self.difference.low <= LOWEST_DIFFERENCE

    def describe(self, champion_id: int) -> str:
        """Both scores and the difference in one sentence."""
        # Where the scores are equal or nearly so, only the interval explains the rejection.
        is_close = self.difference.value >= -MARGIN and self.is_worse
        bound = f": a loss of {-LOWEST_DIFFERENCE} cannot be ruled out" if is_close else ""
        return (
            f"its macro F1 is {self.challenger:.3f}; the recipe of model {champion_id} reaches {self.champion:.3f} "
            f"(95 % interval of the difference: {self.difference.low:+.3f} to {self.difference.high:+.3f}{bound})"
        )


@dataclass(frozen=True, slots=True)
class PromotionVerdict:
    """The comparisons that decide on the promotion of a challenger."""

    champion_id: int
    """The active model, whose recipe was refitted."""
    on_folds: Comparison
    on_sample: Comparison | None
    """On the audit sample; None where too few of its tracks are judged."""

    @property
    def rejection(self) -> str | None:
        """Why the challenger must not replace the champion; None where it may."""
        if self.on_folds.is_worse:
            return f"on the same folds {self.on_folds.describe(self.champion_id)}"
        if self.on_sample is not None and self.on_sample.is_worse:
            return f"on the audit sample {self.on_sample.describe(self.champion_id)}"
        return None


def compare_models_on_gate(
    y: Integers, challenger: Integers, champion: Integers, groups: Integers, classes: int, *, seed: int = 0
) -> Comparison:
    """Compares the predicted classes of both models for tracks (n,) of class `y` in `groups`.

    Raises ValueError without a track.
    """
    scores = [
        evaluate(y, choice, groups, classes, resamples=1).macro_f1.value for choice in (challenger, champion)
    ]
    return Comparison(
        tracks=len(y),
        groups=int(np.unique(groups).size),
        challenger=scores[0],
        champion=scores[1],
        difference=macro_f1_difference(y, challenger, champion, groups, classes, seed=seed),
    )
