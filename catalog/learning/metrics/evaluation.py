"""Evaluation: accuracy, balanced accuracy and macro F1 with intervals, and the paired difference of two models."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from catalog.arrays import Floats, Integers
from catalog.learning.metrics.bootstrap import RESAMPLES, Interval, bootstrap_draws, interval


@dataclass(frozen=True, slots=True)
class ClassScore:
    """The scores of one class. Precision without a prediction and recall without a track are 0."""

    tracks: int
    chosen: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of one prediction per track, or their means over several."""

    tracks: int
    groups: int
    accuracy: Interval
    balanced_accuracy: Interval
    """The mean recall of the classes that occur."""
    macro_f1: Interval
    """The mean F1 of the classes that occur."""
    by_class: tuple[ClassScore, ...]
    """Of the first row of predictions."""
    confusion: Integers
    """(classes, classes): tracks of the row's class that are predicted as the column's."""


def evaluate(
    y: Integers,
    choice: Integers,
    groups: Integers,
    classes: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Scores of `choice` against `y` (n,), both columns 0 to `classes` - 1, with intervals over `groups` (n,).

    `choice` is (n,), or (times, n) for several assignments to folds: then the scores are means over the rows, and every
    bootstrap draw is scored for all rows. Choices must be out of fold. Raises ValueError without a track.
    """
    if not len(y):
        raise ValueError("there is no track to evaluate")
    choices = np.atleast_2d(choice)
    names, group = np.unique(groups, return_inverse=True)
    tables = [_by_group(y, row, group, names.size, classes) for row in choices]
    whole = [table.sum(axis=0).reshape(1, classes, classes) for table in tables]
    values = _mean_averages(whole)
    drawn = [
        _mean_averages([(part @ table).reshape(-1, classes, classes) for table in tables])
        for part in bootstrap_draws(names.size, resamples=resamples, seed=seed)
    ]
    accuracy, balanced, macro = (
        interval(float(values[at, 0]), np.concatenate([part[at] for part in drawn])) for at in range(3)
    )
    confusion = whole[0][0].astype(np.int64)
    return Evaluation(
        tracks=len(y),
        groups=int(names.size),
        accuracy=accuracy,
        balanced_accuracy=balanced,
        macro_f1=macro,
        by_class=_by_class(confusion),
        confusion=confusion,
    )


def macro_f1_difference(
    y: Integers,
    choice: Integers,
    other: Integers,
    groups: Integers,
    classes: int,
    *,
    seed: int = 0,
) -> Interval:
    """The macro F1 of `choice` minus that of `other`, with the paired bootstrap over `groups` (n,).

    Both are (n,), or (times, n) for a mean over several rows. Both are scored on the same draws, so that the difficulty
    of the tracks cancels out. Raises ValueError without a track.
    """
    if not len(y):
        raise ValueError("there is no track to compare on")
    names, group = np.unique(groups, return_inverse=True)
    pair = [
        [_by_group(y, row, group, names.size, classes) for row in np.atleast_2d(choices)]
        for choices in (choice, other)
    ]

    def differences(weights: Floats) -> Floats:
        mine, theirs = (
            _mean_averages([(weights @ table).reshape(-1, classes, classes) for table in tables])[2]
            for tables in pair
        )
        return np.asarray(mine - theirs)

    drawn = [differences(part) for part in bootstrap_draws(names.size, seed=seed)]
    return interval(float(differences(np.ones((1, names.size)))[0]), np.concatenate(drawn))


def _by_group(y: Integers, choice: Integers, group: Integers, groups: int, classes: int) -> csr_array:
    """(groups, classes x classes): every group's confusion table as a row."""
    cell = y * classes + choice
    return csr_array((np.ones(len(y)), (group, cell)), shape=(groups, classes * classes), dtype=np.float64)


def _mean_averages(tables: list[Floats]) -> Floats:
    """(3, m): accuracy, balanced accuracy and macro F1 of m draws, means over the tables."""
    return np.asarray(np.mean([_averages(np.asarray(table)) for table in tables], axis=0))


def _averages(tables: Floats) -> tuple[Floats, Floats, Floats]:
    """Accuracy, balanced accuracy and macro F1 of each of (m, classes, classes) confusion tables."""
    hits = np.einsum("mkk->mk", tables)
    true, chosen = tables.sum(axis=2), tables.sum(axis=1)
    occurs = true > 0
    number = np.maximum(occurs.sum(axis=1), 1)
    recall = hits / np.where(occurs, true, 1.0)
    f1 = np.where(occurs, 2 * hits / np.maximum(true + chosen, 1.0), 0.0)
    return (
        hits.sum(axis=1) / np.maximum(true.sum(axis=1), 1.0),
        recall.sum(axis=1) / number,
        f1.sum(axis=1) / number,
    )


def _by_class(table: Integers) -> tuple[ClassScore, ...]:
    scores = []
    for at in range(len(table)):
        hits, tracks, chosen = int(table[at, at]), int(table[at].sum()), int(table[:, at].sum())
        scores.append(
            ClassScore(
                tracks=tracks,
                chosen=chosen,
                precision=hits / chosen if chosen else 0.0,
                recall=hits / tracks if tracks else 0.0,
                f1=2 * hits / (tracks + chosen) if tracks + chosen else 0.0,
            )
        )
    return tuple(scores)
