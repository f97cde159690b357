"""The choice whether probabilities are corrected by estimated priors: by what that does to tracks whose genre is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.db.tables import prediction, snapshot_member
from catalog.learning.fitting.label_shift import LabelShift, estimate_label_shift, no_label_shift


@dataclass(frozen=True, slots=True)
class LabelShiftChoice:
    """Macro F1 of the tagged tracks out of fold, mixed as those without a tag seem to be; 0 to 1."""

    tracks: int
    uncorrected: float
    corrected: float

    @property
    def is_worth_it(self) -> bool:
        """Whether correcting costs nothing. Of equals the corrected are taken: what moved no choice may mend a share."""
        return self.corrected >= self.uncorrected


@dataclass(frozen=True, eq=False)
class Correction:
    """The priors estimated for tracks without a tag, and whether their probabilities are corrected by them."""

    tagged: Floats
    """(classes,), sum 1: how common each class is among the tracks of the training set."""
    priors: LabelShift
    choice: LabelShiftChoice | None
    """None where nothing was estimated."""

    @property
    def untagged(self) -> Floats:
        """(classes,), sum 1: how common each class seems to be among tracks without a tag."""
        shares = self.tagged * self.priors.ratio
        return np.asarray(shares / shares.sum())

    @property
    def reason(self) -> str | None:
        """In words why nothing is corrected."""
        if self.choice is None or self.choice.is_worth_it:
            return self.priors.reason
        return (
            "it would lower the macro F1 of the tagged tracks, mixed as the untagged seem to be, "
            f"from {self.choice.uncorrected:.3f} to {self.choice.corrected:.3f}"
        )

    @property
    def rests_on(self) -> Floats:
        """(classes,), sum 1: how common the probabilities take the classes to be, corrected or as they were."""
        return self.priors.training if self.reason else self.priors.estimated

    def apply(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, classes): corrected, or as they were."""
        return probability if self.reason else self.priors.apply(probability)

    def facts(self, genres: Sequence[str]) -> dict[str, Any]:
        """What `model.metrics` holds: the shares of the genres, in the order of the classes, and the choice."""
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
    """The one that corrects nothing, whatever the shares."""
    return Correction(tagged, no_label_shift(tagged, reason), None)


def correction_of(probability: Floats, tagged: Floats, known: tuple[Floats, Integers]) -> Correction:
    """The correction of calibrated probabilities (n, classes) of tracks without a tag.

    `tagged` (classes,) are the shares in the training set. What the probabilities rest on, and whether correcting them is
    worth it, is learned from what is `known`: `stored_out_of_fold`.
    """
    out_of_fold, y = known
    if not len(y):
        return no_correction(tagged, "no track with a tag was answered out of fold")
    priors = estimate_label_shift(probability, np.asarray(out_of_fold.mean(axis=0)))
    choice = choose_correction(out_of_fold, y, priors, len(probability)) if priors.reason is None else None
    return Correction(tagged, priors, choice)


def choose_correction(probability: Floats, y: Integers, priors: LabelShift, asked: int) -> LabelShiftChoice:
    """What correcting does to tracks whose class is known, where their mixture is that which was estimated for others.

    `probability` (n, classes) must be out of fold and calibrated, `y` (n,) the true classes, `priors` what was estimated
    for the `asked` tracks to be predicted. Each class weighs by how many times as common it seems there. The mixture made
    so is then estimated anew from the probabilities, as if nobody had known it, and corrected by that estimate: an estimate
    that cannot be trusted, and a correction that buys common genres with rare ones, both cost macro F1. What a genre sounds
    like is taken to be the same in both (label shift: Lipton et al., "Detecting and correcting for label shift with black
    box predictors", 2018).
    """
    weight = priors.ratio[y]
    weight = np.asarray(weight * (asked / weight.sum()))
    again = estimate_label_shift(probability, priors.training, weight=weight)
    scores = (
        _macro_f1(y, said.argmax(axis=1), weight, probability.shape[1])
        for said in (probability, again.apply(probability))
    )
    return LabelShiftChoice(len(y), *scores)


def stored_out_of_fold(connection: Connection, row: RowMapping) -> tuple[Floats, Integers]:
    """Calibrated probabilities (n, classes) of a model's training tracks out of fold, and their classes (n,)."""
    column = {genre_id: at for at, genre_id in enumerate(row["class_order"])}
    known = connection.execute(
        sa.select(prediction.c.probabilities, snapshot_member.c.genre_id)
        .join_from(
            snapshot_member,
            prediction,
            sa.and_(
                prediction.c.track_id == snapshot_member.c.track_id,
                prediction.c.model_id == row["id"],
                prediction.c.fold.is_not(None),
            ),
        )
        .where(
            snapshot_member.c.snapshot_id == row["snapshot_id"],
            snapshot_member.c.genre_id.in_(row["class_order"]),
        )
        .order_by(snapshot_member.c.track_id)
    ).all()
    probability = np.array([one.probabilities for one in known], dtype=np.float64)
    y = np.array([column[one.genre_id] for one in known], dtype=np.int64)
    return probability.reshape(len(known), len(column)), y


def _macro_f1(y: Integers, choice: Integers, weight: Floats, classes: int) -> float:
    """The mean F1 of the classes that occur, where each track counts as often as `weight` (n,) says."""
    hits, tracks, chosen = (
        np.bincount(at, weights=counted, minlength=classes)
        for at, counted in ((y, weight * (choice == y)), (y, weight), (choice, weight))
    )
    occurs = tracks > 0
    return float((2 * hits[occurs] / (tracks + chosen)[occurs]).mean())
