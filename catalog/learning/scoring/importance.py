"""Feature importance by family: what a score loses without one, three ways, overall, by genre and by pair of genres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.arrays import Floats, Integers
from catalog.errors import CatalogError
from catalog.learning.classifiers import Algorithm, Matrix, class_probabilities
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.metrics.bootstrap import Interval, bootstrap_draws, interval
from catalog.learning.metrics.evaluation import evaluate, macro_f1_difference
from catalog.learning.metrics.pairwise_auc import pairwise_auc
from catalog.learning.scoring.feature_groups import ALIKE, families, redundant_groups

OnProgress = Callable[[int, int], None]

DEALS = 2
"""How often the folds are dealt."""
DEALT_ONCE_ABOVE = 1_000
"""Of vectors with more numbers, whose fits are long, the folds are dealt once. On real music scores differed from deal to
deal by 0.01 to 0.03, where intervals over artists were 0.1 to 0.2 wide."""
REPEATS = 5
"""How often the rows of a test fold are permuted in each deal."""
MOST_TRACKS = 1_000
"""Of more tracks about so many are looked at, the same share of every genre: each family costs two fits a fold."""
FEWEST_OF_GENRE = 10
"""So many tracks of a genre are looked at all the same, where it has them."""
MOST_PAIRED = 20
"""Genres whose pairs are looked at, those with the most tracks: 190 pairs."""


class SingleFeatureGroupError(CatalogError):
    """The vectors are all of one family: there is nothing to compare."""


@dataclass(frozen=True)
class Part:
    """A group of families that say the same, or one family out of such a group."""

    families: tuple[str, ...]
    columns: Integers
    within: int | None
    """The position of the group that it is out of; None for a group, also for one of a single family."""


@dataclass(frozen=True)
class GenreImportance:
    """What one part means for one genre."""

    genre: str
    f1_drop: Interval
    """F1 lost where it is permuted."""
    recall_drop: float
    alone_f1: float


@dataclass(frozen=True)
class PairImportance:
    """How well two genres are told apart: the probability that of two tracks the right one is nearer to its genre."""

    genres: tuple[str, str]
    full: float
    """By all families, 0.5 (chance) to 1: the area under the ROC curve."""
    alone: float
    """By this part alone."""
    drop: Interval
    """Lost where it is permuted."""


@dataclass(frozen=True)
class Importance:
    """What one part means. Scores are macro F1, 0 to 1; intervals resample artists."""

    families: tuple[str, ...]
    within: int | None
    dimensions: int
    permuted: Interval
    """Lost where its numbers are another track's, in the tracks that are asked about only."""
    left_out: Interval | None
    """Lost where the model is fitted without it; None where nothing would be left, and for a family out of a group, as the
    others of the group still say it."""
    alone: Interval
    """Reached by it alone."""
    by_genre: tuple[GenreImportance, ...]
    by_pair: tuple[PairImportance, ...]


@dataclass(frozen=True)
class Importances:
    """The importance of all families of a model."""

    tracks: int
    groups: int
    classes: int
    deals: int
    repeats: int
    alike: float
    """The agreement from which families are one group."""
    full: Interval
    """Macro F1 by all families."""
    parts: tuple[Importance, ...]
    """Groups, the one that is missed most first, each followed by its families where it has several."""


def parts_of(X: Matrix, dimensions: Sequence[str]) -> list[Part]:
    """The groups of families of vectors X (n, dimensions), then the families of those that have several.

    Raises SingleFeatureGroupError where there is one family.
    """
    found = families(dimensions)
    if len(found) < 2:
        raise SingleFeatureGroupError(
            f"all {len(dimensions):,} numbers are of one family, {next(iter(found), 'none')}: there is nothing to compare; "
            "name a feature set that has several: --feature-set summary"
        )
    names, columns = list(found), list(found.values())
    groups = [
        Part(tuple(names[at] for at in one), np.sort(np.concatenate([columns[at] for at in one])), None)
        for one in redundant_groups(X, columns)
    ]
    single = [
        Part((name,), found[name], at)
        for at, group in enumerate(groups)
        if len(group.families) > 1
        for name in group.families
    ]
    return groups + single


def importances(
    X: Matrix,
    y: Integers,
    groups: Integers,
    genres: Sequence[str],
    dimensions: Sequence[str],
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda _done, _total: None,
) -> Importances:
    """The importance of each family of the dimensions of X (n, dimensions), for y (n,) columns of `genres`.

    Folds keep `groups` (n,) apart, and everything is fitted on training folds; families are grouped by the vectors
    alone. Classes are the likeliest, uncalibrated. Progress is told as fits done, of all. Raises SingleFeatureGroupError.
    """
    parts = parts_of(X, dimensions)
    kept = _bounded(y, seed)
    present, y = np.unique(y[kept], return_inverse=True)
    X, y, groups = X[kept], y.astype(np.int64), groups[kept]
    trials = _Trials(X, y, groups, len(present), algorithm, parameters, parts)
    full, permuted, left_out, alone = trials.run(seed, on_progress)
    whole = full.argmax(axis=2)
    names = [genres[at] for at in present]
    score = evaluate(y, whole, groups, len(present), seed=seed)
    by_pair = _by_pair(y, groups, names, full, list(zip(permuted, alone, strict=True)), seed)
    rows = []
    for at, part in enumerate(parts):
        by_permuted = permuted[at].argmax(axis=2)
        without = left_out.get(at)
        by_itself = evaluate(y, alone[at].argmax(axis=2), groups, len(present), seed=seed)
        rows.append(
            Importance(
                families=part.families,
                within=part.within,
                dimensions=len(part.columns),
                permuted=macro_f1_difference(y, whole, by_permuted, groups, len(present), seed=seed),
                left_out=None
                if without is None
                else macro_f1_difference(y, whole, without.argmax(axis=2), groups, len(present), seed=seed),
                alone=by_itself.macro_f1,
                by_genre=_by_genre(y, groups, names, whole, by_permuted, alone[at].argmax(axis=2), seed),
                by_pair=by_pair[at],
            )
        )
    return Importances(
        tracks=len(y),
        groups=score.groups,
        classes=len(present),
        deals=len(full),
        repeats=REPEATS,
        alike=ALIKE,
        full=score.macro_f1,
        parts=_ordered(rows),
    )


@dataclass(frozen=True, eq=False)
class _Trials:
    """All that is fitted and asked."""

    X: Matrix
    y: Integers
    groups: Integers
    classes: int
    algorithm: Algorithm
    parameters: Mapping[str, Any] | None
    parts: Sequence[Part]

    def run(
        self, seed: int, on_progress: OnProgress
    ) -> tuple[Floats, list[Floats], dict[int, Floats], list[Floats]]:
        """Probabilities out of fold (times, n, classes): by all, and of each part permuted, left out, and alone."""
        everything = np.arange(self.X.shape[1])
        deals = DEALS if len(everything) <= DEALT_ONCE_ABOVE else 1
        shape = (deals, len(self.y), self.classes)
        rest = {
            at: np.setdiff1d(everything, part.columns)
            for at, part in enumerate(self.parts)
            if part.within is None and len(part.columns) < len(everything)
        }
        full = np.zeros(shape)
        permuted = [np.zeros((deals * REPEATS, *shape[1:])) for _ in self.parts]
        left_out = {at: np.zeros(shape) for at in rest}
        alone = [np.zeros(shape) for _ in self.parts]
        folds = number_of_folds(self.y, self.groups)
        total, done = deals * folds * (1 + len(rest) + len(self.parts)), 0
        for deal in range(deals):
            fold = stratified_group_folds(self.y, self.groups, folds, seed=seed + deal)
            generator = np.random.default_rng([seed, deal])
            for number in range(folds):
                test = fold == number
                ask = self._fitted(~test, everything, seed + deal)
                full[deal, test] = ask(self.X[test])
                for at, part in enumerate(self.parts):
                    for repeat, asked in enumerate(_permuted(self.X[test], part.columns, generator)):
                        permuted[at][deal * REPEATS + repeat, test] = ask(asked)
                done += 1
                on_progress(done, total)
                for results, columns in (
                    *((left_out[at], columns) for at, columns in rest.items()),
                    *((alone[at], part.columns) for at, part in enumerate(self.parts)),
                ):
                    results[deal, test] = self._fitted(~test, columns, seed + deal)(self.X[test][:, columns])
                    done += 1
                    on_progress(done, total)
        return full, permuted, left_out, alone

    def _fitted(
        self, training: npt.NDArray[np.bool_], columns: Integers, seed: int
    ) -> Callable[[Matrix], Floats]:
        """A classifier fitted on these columns of the training tracks, as what gives probabilities (m, classes)."""
        ends = np.cumsum(self.algorithm.blocks)
        widths = np.bincount(np.searchsorted(ends, columns, side="right"), minlength=len(ends))
        blocks = tuple(int(width) for width in widths if width) if len(ends) else ()
        classifier = self.algorithm.over(blocks).build(self.parameters, seed=seed)
        classifier.fit(self.X[training][:, columns], self.y[training], self.groups[training])
        return lambda asked: class_probabilities(classifier, asked, self.classes)


def _permuted(X: Matrix, columns: Integers, generator: np.random.Generator) -> Iterator[Matrix]:
    """The vectors, these columns taken together from another of the tracks; REPEATS times."""
    for _ in range(REPEATS):
        shuffled = X.copy()
        shuffled[:, columns] = X[generator.permutation(len(X))][:, columns]
        yield shuffled


def _bounded(y: Integers, seed: int) -> npt.NDArray[np.bool_]:
    """(n,): the tracks that are looked at: all, or some of every genre, drawn evenly.

    Not whole groups: a thousand tracks are those of ten artists where each has a hundred.
    """
    if len(y) <= MOST_TRACKS:
        return np.ones(len(y), dtype=np.bool_)
    generator = np.random.default_rng(seed)
    kept = np.zeros(len(y), dtype=np.bool_)
    for column in np.unique(y):
        members = np.flatnonzero(y == column)
        count = max(round(len(members) * MOST_TRACKS / len(y)), FEWEST_OF_GENRE)
        kept[generator.choice(members, min(count, len(members)), replace=False)] = True
    return kept


def _by_genre(
    y: Integers,
    groups: Integers,
    genres: Sequence[str],
    whole: Integers,
    permuted: Integers,
    alone: Integers,
    seed: int,
) -> tuple[GenreImportance, ...]:
    _, group = np.unique(groups, return_inverse=True)
    counts = [_counts(y, choices, group, len(genres)) for choices in (whole, permuted)]
    mine, other = (_f1(*(one.sum(axis=0) for one in three)) for three in counts)
    drawn = np.concatenate(
        [
            _f1(*(part @ one for one in counts[0])) - _f1(*(part @ one for one in counts[1]))
            for part in bootstrap_draws(int(group.max()) + 1, seed=seed)
        ]
    )
    recalls = [three[0].sum(axis=0) / np.maximum(three[1].sum(axis=0), 1e-9) for three in counts]
    by_itself = _f1(*(one.sum(axis=0) for one in _counts(y, alone, group, len(genres))))
    return tuple(
        GenreImportance(
            genre,
            interval(float(mine[at] - other[at]), drawn[:, at]),
            float(recalls[0][at] - recalls[1][at]),
            float(by_itself[at]),
        )
        for at, genre in enumerate(genres)
    )


def _counts(y: Integers, choices: Integers, group: Integers, classes: int) -> tuple[Floats, Floats, Floats]:
    """(groups, classes) each, means over the times: hits, tracks, choices."""
    shape = (int(group.max()) + 1, classes)
    hits, chosen, tracks = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for choice in choices:
        np.add.at(hits, (group, y), (choice == y) / len(choices))
        np.add.at(chosen, (group, choice), 1 / len(choices))
    np.add.at(tracks, (group, y), 1.0)
    return hits, tracks, chosen


def _f1(hits: Floats, tracks: Floats, chosen: Floats) -> Floats:
    return np.asarray(2 * hits / np.maximum(tracks + chosen, 1e-9))


def _by_pair(
    y: Integers,
    groups: Integers,
    genres: Sequence[str],
    full: Floats,
    parts: Sequence[tuple[Floats, Floats]],
    seed: int,
) -> list[tuple[PairImportance, ...]]:
    """For each part, by its probabilities permuted and alone: how well each two of the largest genres are told apart."""
    _, group = np.unique(groups, return_inverse=True)
    weights = np.concatenate(list(bootstrap_draws(int(group.max()) + 1, seed=seed)))
    largest = np.sort(np.argsort(-np.bincount(y, minlength=len(genres)), kind="stable")[:MOST_PAIRED])
    rows: list[list[PairImportance]] = [[] for _ in parts]
    for one, other in combinations(largest.tolist(), 2):
        whole = pairwise_auc(y, group, full, one, other)
        whole_drawn = whole.drawn(weights)
        for row, (permuted, alone) in zip(rows, parts, strict=True):
            without = pairwise_auc(y, group, permuted, one, other)
            lost = whole_drawn - without.drawn(weights)
            row.append(
                PairImportance(
                    genres=(genres[one], genres[other]),
                    full=whole.area,
                    alone=pairwise_auc(y, group, alone, one, other).area,
                    drop=interval(whole.area - without.area, lost[np.isfinite(lost)]),
                )
            )
    return [tuple(row) for row in rows]


def _ordered(rows: Sequence[Importance]) -> tuple[Importance, ...]:
    """Groups by what they lose permuted, each followed by its families; `within` names the new positions."""
    groups = [at for at, row in enumerate(rows) if row.within is None]
    ordered: list[Importance] = []
    for at in sorted(groups, key=lambda at: -rows[at].permuted.value):
        place = len(ordered)
        ordered.append(rows[at])
        inside = [row for row in rows if row.within == at]
        ordered += [replace(row, within=place) for row in sorted(inside, key=lambda row: -row.alone.value)]
    return tuple(ordered)
