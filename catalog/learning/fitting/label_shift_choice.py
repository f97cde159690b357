"""The decision whether label shift is corrected: by its effect on the tagged tracks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.db.tables import prediction, snapshot_member
from catalog.learning.dataset.snapshot import out_of_fold_members
from catalog.learning.fitting.label_shift import LabelShift, estimate_label_shift, no_label_shift


@dataclass(frozen=True, slots=True)
class LabelShiftChoice:
    """Out-of-fold macro F1 of the tagged tracks, weighted to the estimated priors of the untagged ones; 0 to 1."""

    tracks: int
    uncorrected: float
    corrected: float

    @property
    def is_beneficial(self) -> bool:
        """Whether correction does not lower the score. It is used if the scores are equal, as it may improve shares."""
        return self.corrected >= self.uncorrected


@dataclass(frozen=True, eq=False)
class Correction:
    """The priors estimated for untagged tracks, and whether their probabilities are corrected to them."""

    tagged: Floats
    """(classes,), sum 1: the shares of the classes in the training set."""
    priors: LabelShift
    choice: LabelShiftChoice | None
    """None if nothing was estimated."""

    @property
    def untagged(self) -> Floats:
        """(classes,), sum 1: the estimated shares of the classes among untagged tracks."""
        shares = self.tagged * self.priors.ratio
        return np.asarray(shares / shares.sum())

    @property
    def reason(self) -> str | None:
        """Why nothing is corrected."""
        if self.choice is None or self.choice.is_beneficial:
            return self.priors.reason
        return (
            "it would lower the macro F1 of the tagged tracks, weighted like the untagged ones, "
            f"from {self.choice.uncorrected:.3f} to {self.choice.corrected:.3f}"
        )

    @property
    def assumed_shares(self) -> Floats:
        """(classes,), sum 1: the class priors that the probabilities assume after `apply`."""
        return self.priors.training if self.reason else self.priors.estimated

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes): corrected, or unchanged."""
        return probability if self.reason else self.priors.apply(probability)

    def facts(self, genres: Sequence[str]) -> dict[str, Any]:
        """The entry of `model.metrics`: the shares of the genres, in the order of the classes, and the decision."""
        shares = zip(genres, self.tagged.tolist(), self.untagged.tolist(), strict=True)
        return {
            "corrected": self.reason is None,
            "reason": self.reason,
            "macro_f1": None if self.choice is None else asdict(self.choice),
            "genres": [
                {"genre": genre, "training": round(before, 4), "untagged": round(after, 4)}
                for genre, before, after in shares
            ],
        }


def no_correction(tagged: Floats, reason: str) -> Correction:
    """The correction that changes nothing."""
    return Correction(tagged, no_label_shift(tagged, reason), None)


def fit_correction(probability: Floats, tagged: Floats, out_of_fold: tuple[Floats, Integers]) -> Correction:
    """The correction of calibrated probabilities (n, classes) of untagged tracks.

    `tagged` (classes,) are the shares in the training set. The assumed priors and the decision are computed from the
    out-of-fold probabilities and classes of the training set, as `stored_out_of_fold` returns them.
    """
    training_probability, y = out_of_fold
    if not len(y):
        return no_correction(tagged, "there are no out-of-fold predictions of tagged tracks")
    priors = estimate_label_shift(probability, np.asarray(training_probability.mean(axis=0)))
    choice = (
        measure_correction(training_probability, y, priors, len(probability))
        if priors.reason is None
        else None
    )
    return Correction(tagged, priors, choice)


def measure_correction(probability: Floats, y: Integers, priors: LabelShift, tracks: int) -> LabelShiftChoice:
    """Macro F1 without and with the correction, on the tagged tracks reweighted to the untagged tracks' priors.

    `probability` (n, classes) must be out of fold and calibrated, `y` (n,) the true classes, `priors` the estimate for
    the `tracks` tracks to be predicted. Each class is weighted by its ratio of priors. The priors of the weighted
    tracks are then estimated from their probabilities and used for the correction: macro F1 falls if the
    estimate is unreliable or the correction favors common genres. The sound of a genre is assumed to be the
    same in both sets (label shift: Lipton et al., "Detecting and correcting for label shift with black box predictors",
    2018).
    """
    weight = priors.ratio[y]
    weight = np.asarray(weight * (tracks / weight.sum()))
    estimate = estimate_label_shift(probability, priors.training, weight=weight)
    scores = (
        _macro_f1(y, candidate.argmax(axis=1), weight, probability.shape[1])
        for candidate in (probability, estimate.apply(probability))
    )
    return LabelShiftChoice(len(y), *scores)


def stored_out_of_fold(connection: Connection, model_row: RowMapping) -> tuple[Floats, Integers]:
    """Calibrated out-of-fold probabilities (n, classes) of a model's training tracks, and their classes (n,)."""
    column = {genre_id: at for at, genre_id in enumerate(model_row["class_order"])}
    query = out_of_fold_members(model_row, prediction.c.probabilities, snapshot_member.c.genre_id)
    is_class = snapshot_member.c.genre_id.in_(model_row["class_order"])
    rows = connection.execute(query.where(is_class)).all()
    probability = np.array([row.probabilities for row in rows], dtype=np.float64)
    y = np.array([column[row.genre_id] for row in rows], dtype=np.int64)
    return probability.reshape(len(rows), len(column)), y


def _macro_f1(y: Integers, choice: Integers, weight: Floats, classes: int) -> float:
    """The mean F1 of the classes that occur, with sample weights (n,)."""
    hits, tracks, chosen = (
        np.bincount(columns, weights=weights, minlength=classes)
        for columns, weights in ((y, weight * (choice == y)), (y, weight), (choice, weight))
    )
    occurs = tracks > 0
    return float((2 * hits[occurs] / (tracks + chosen)[occurs]).mean())
