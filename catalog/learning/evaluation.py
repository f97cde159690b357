"""Evaluation: how good choices are, with intervals that resample groups, and the baselines to stand beside them."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from catalog.learning.hierarchy import Hierarchy

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESAMPLES = 1000
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and the middle 95 % of it when groups are drawn anew; all 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class is recognised. A precision without a choice, a recall without a track, is 0."""

    tracks: int
    chosen: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of one choice per track."""

    tracks: int
    groups: int
    accuracy: Interval
    balanced_accuracy: Interval
    """The mean recall of the classes that occur."""
    macro_f1: Interval
    """The mean F1 of the classes that occur."""
    by_class: tuple[ClassScore, ...]
    confusion: Integers
    """(classes, classes): tracks of the row's class chosen as the column's."""


def evaluate(
    y: Integers,
    choice: Integers,
    groups: Integers,
    classes: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Scores of `choice` against `y`, both (n,) columns 0 to `classes` - 1, with intervals over `groups` (n,).

    What must be answered for is the caller's: pass out-of-fold choices. ValueError without a track.
    """
    if not len(y):
        raise ValueError("there is no track to evaluate")
    names, group = np.unique(groups, return_inverse=True)
    cell = y * classes + choice
    by_group = csr_array(
        (np.ones(len(y)), (group, cell)), shape=(names.size, classes * classes), dtype=np.float64
    )
    whole = np.bincount(cell, minlength=classes * classes).reshape(1, classes, classes)
    values = [float(score[0]) for score in _averages(whole.astype(np.float64))]
    generator = np.random.default_rng(seed)
    drawn: list[tuple[Floats, ...]] = []
    for start in range(0, resamples, CHUNK):
        weights = generator.multinomial(
            names.size, np.full(names.size, 1.0 / names.size), size=min(CHUNK, resamples - start)
        )
        tables = np.asarray(weights.astype(np.float64) @ by_group)
        drawn.append(_averages(tables.reshape(-1, classes, classes)))
    accuracy, balanced, macro = (
        _interval(value, np.concatenate([part[at] for part in drawn])) for at, value in enumerate(values)
    )
    return Evaluation(
        tracks=len(y),
        groups=int(names.size),
        accuracy=accuracy,
        balanced_accuracy=balanced,
        macro_f1=macro,
        by_class=_by_class(whole[0]),
        confusion=whole[0].astype(np.int64),
    )


def _interval(value: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


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


def _by_class(table: npt.NDArray[np.int64]) -> tuple[ClassScore, ...]:
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


def same_top_term(y: Integers, choice: Integers, hierarchy: Hierarchy) -> npt.NDArray[np.bool_]:
    """(n,): whether class and choice lie under the same top term."""
    tops = np.array([path[-1] for path in hierarchy.paths])
    return np.asarray(tops[y] == tops[choice])


def majority_class(y: Integers, fold: Integers) -> Integers:
    """(n,): the baseline that always says the commonest class of the other folds."""
    choice = np.zeros(len(y), dtype=np.int64)
    for number in np.unique(fold):
        others = y[fold != number]
        choice[fold == number] = np.bincount(others).argmax() if len(others) else 0
    return choice


def artist_majority(y: Integers, artists: Sequence[Hashable | None]) -> Integers:
    """(n,): the baseline that copies the commonest class of the artist's other tracks (the smaller column in a tie).

    Where there are none, or nobody is known, it says the commonest class of all other tracks.
    """
    overall = Counter(y.tolist())
    by_artist: defaultdict[Hashable, Counter[int]] = defaultdict(Counter)
    for artist, own in zip(artists, y.tolist(), strict=True):
        if artist is not None:
            by_artist[artist][own] += 1
    choice = np.zeros(len(y), dtype=np.int64)
    for at, (artist, own) in enumerate(zip(artists, y.tolist(), strict=True)):
        counts = by_artist[artist] if artist is not None else Counter()
        if counts.total() < 2:
            counts = overall
        choice[at] = min(counts, key=lambda column: (own == column) - counts[column] + column * 1e-9)
    return choice
