"""Permutation importance of feature groups, overall and by genre, and the score of each group alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.arrays import Booleans, Floats, Integers
from catalog.errors import CatalogError
from catalog.learning.classifiers import Algorithm, Matrix, class_probabilities
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.metrics.bootstrap import Interval, bootstrap_draws, interval
from catalog.learning.metrics.evaluation import evaluate, macro_f1_difference

OnProgress = Callable[[int, int], None]

FOLD_ASSIGNMENTS = 2
"""How often the tracks are assigned to folds."""
ASSIGNED_ONCE_ABOVE = 1_000
"""Vectors with more dimensions, which are slow to fit, are assigned to folds once. On real music, scores differed
between assignments by 0.01 to 0.03, and intervals over artists were 0.1 to 0.2 wide."""
PERMUTATIONS = 5
"""How often the rows of a test fold are permuted in each assignment."""
MAX_TRACKS = 1_000
"""Of more tracks about this number is sampled, the same share of every genre: each group costs a fit per fold."""
MIN_TRACKS_PER_GENRE = 10
"""At least this number of tracks per genre is sampled, if the genre has them."""
NAMES: Mapping[str, str] = {
    "harmonic": "harmonic part (H)",
    "percussive": "percussive part (P)",
    "mel": "mel spectrum",
    "mfcc": "MFCC",
    "chroma_cens": "chroma CENS",
    "chroma_cqt": "chroma CQT",
    "chroma_stft": "chroma STFT",
    "tonnetz": "tonnetz",
    "spectral_contrast": "contrast",
    "spectral_centroid": "centroid",
    "spectral_bandwidth": "bandwidth",
    "spectral_rolloff": "roll-off",
    "rmse": "RMS",
    "zcr": "zero crossings",
    "tempo": "tempo",
    "onset_rate": "onset rate",
    "harmonic_share": "harmonic and percussive share",
    "percussive_share": "harmonic and percussive share",
    "msd.penultimate": "MSD penultimate",
    "msd.tag": "MSD tags",
    "mtt.penultimate": "MTT penultimate",
    "mtt.tag": "MTT tags",
}
"""Display names by the first parts of dimension names. A group that is not listed is named by the first part."""


class SingleFeatureGroupError(CatalogError):
    """The vectors consist of one feature group, so there is nothing to compare."""


@dataclass(frozen=True)
class GenreImportance:
    """The importance of a feature group for one genre; F1 and recall are 0 to 1."""

    genre: str
    f1_drop: Interval
    """F1 lost if the group is permuted."""
    recall_drop: float
    alone_f1: float


@dataclass(frozen=True)
class GroupImportance:
    """The importance of a feature group. Scores are macro F1, 0 to 1; intervals resample artists."""

    name: str
    dimensions: int
    permuted: Interval
    """Macro F1 lost if the group's columns are permuted in the test tracks."""
    alone: Interval
    """Macro F1 of a model that is fitted on this group alone."""
    by_genre: tuple[GenreImportance, ...]


@dataclass(frozen=True)
class Importances:
    """The importance of all feature groups of a model."""

    tracks: int
    groups: int
    """Groups of connected tracks, mostly one per artist."""
    classes: int
    fold_assignments: int
    permutations: int
    full: Interval
    """Macro F1 by all feature groups."""
    feature_groups: tuple[GroupImportance, ...]
    """By the score that is lost if they are permuted, the largest loss first."""


def columns_by_group(dimensions: Sequence[str]) -> dict[str, Integers]:
    """The columns of each group, ascending; groups in the order of their first column.

    Raises SingleFeatureGroupError if there are fewer than two groups.
    """
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(dimensions):
        columns.setdefault(feature_group_of(name), []).append(column)
    if len(columns) < 2:
        raise SingleFeatureGroupError(
            f"all {len(dimensions):,} dimensions belong to one feature group, {next(iter(columns), 'none')}; "
            "name a feature set that has several: --feature-set summary"
        )
    return {name: np.array(numbers, dtype=np.int64) for name, numbers in columns.items()}


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
    """The importance of each feature group of X (n, dimensions), for y (n,) columns of `genres`.

    Permutation importance (Breiman, "Random forests", 2001) on held-out folds, where the columns of a group are
    permuted together. Folds keep `groups` (n,) apart, and everything is fitted on training folds. The predicted class
    has the highest uncalibrated probability. `on_progress` receives the fits done and their total. Raises
    SingleFeatureGroupError.
    """
    columns = columns_by_group(dimensions)
    sample = _sample(y, seed)
    present, y = np.unique(y[sample], return_inverse=True)
    X, y, groups = X[sample], y.astype(np.int64), groups[sample]
    names = [genres[at] for at in present]
    refits = _Refits(X, y, groups, len(present), algorithm, parameters, list(columns.values()))
    full, permuted, alone = refits.run(seed, on_progress)
    score = evaluate(y, full, groups, len(present), seed=seed)
    rows = [
        GroupImportance(
            name=name,
            dimensions=len(columns[name]),
            permuted=macro_f1_difference(y, full, permuted[at], groups, len(present), seed=seed),
            alone=evaluate(y, alone[at], groups, len(present), seed=seed).macro_f1,
            by_genre=_by_genre(y, groups, names, full, permuted[at], alone[at], seed),
        )
        for at, name in enumerate(columns)
    ]
    return Importances(
        tracks=len(y),
        groups=score.groups,
        classes=len(present),
        fold_assignments=len(full),
        permutations=PERMUTATIONS,
        full=score.macro_f1,
        feature_groups=tuple(sorted(rows, key=lambda row: -row.permuted.value)),
    )


@dataclass(frozen=True, eq=False)
class _Refits:
    """The fits on training folds, and the classes that they predict for test folds."""

    X: Matrix
    y: Integers
    groups: Integers
    classes: int
    algorithm: Algorithm
    parameters: Mapping[str, Any] | None
    columns: Sequence[Integers]
    """The columns of each feature group."""

    def run(self, seed: int, on_progress: OnProgress) -> tuple[Integers, list[Integers], list[Integers]]:
        """Predicted classes out of fold, (times, n): by all groups, and for each group permuted, and alone."""
        all_columns = np.arange(self.X.shape[1])
        assignments = FOLD_ASSIGNMENTS if len(all_columns) <= ASSIGNED_ONCE_ABOVE else 1
        shape = (assignments, len(self.y))
        full = np.zeros(shape, dtype=np.int64)
        permuted = [np.zeros((assignments * PERMUTATIONS, len(self.y)), dtype=np.int64) for _ in self.columns]
        alone = [np.zeros(shape, dtype=np.int64) for _ in self.columns]
        folds = number_of_folds(self.y, self.groups)
        total, done = assignments * folds * (1 + len(self.columns)), 0
        for assignment in range(assignments):
            fold = stratified_group_folds(self.y, self.groups, folds, seed=seed + assignment)
            generator = np.random.default_rng([seed, assignment])
            for number in range(folds):
                test = fold == number
                predict = self._fit(~test, all_columns, seed + assignment)
                full[assignment, test] = predict(self.X[test])
                for at, columns in enumerate(self.columns):
                    for repeat, shuffled in enumerate(_permutations(self.X[test], columns, generator)):
                        permuted[at][assignment * PERMUTATIONS + repeat, test] = predict(shuffled)
                done += 1
                on_progress(done, total)
                for at, columns in enumerate(self.columns):
                    predict = self._fit(~test, columns, seed + assignment)
                    alone[at][assignment, test] = predict(self.X[test][:, columns])
                    done += 1
                    on_progress(done, total)
        return full, permuted, alone

    def _fit(self, training: Booleans, columns: Integers, seed: int) -> Callable[[Matrix], Integers]:
        """The `predict` of a classifier that is fitted on these columns of the training tracks: (m,) classes."""
        ends = np.cumsum(self.algorithm.blocks)
        widths = np.bincount(np.searchsorted(ends, columns, side="right"), minlength=len(ends))
        blocks = tuple(int(width) for width in widths if width) if len(ends) else ()
        classifier = self.algorithm.over(blocks).build(self.parameters, seed=seed)
        classifier.fit(self.X[training][:, columns], self.y[training], self.groups[training])
        return lambda X: class_probabilities(classifier, X, self.classes).argmax(axis=1)


def _permutations(X: Matrix, columns: Integers, generator: np.random.Generator) -> Iterator[Matrix]:
    """PERMUTATIONS copies of the vectors, with these columns permuted together over the tracks."""
    for _ in range(PERMUTATIONS):
        shuffled = X.copy()
        shuffled[:, columns] = X[generator.permutation(len(X))][:, columns]
        yield shuffled


def _sample(y: Integers, seed: int) -> Booleans:
    """(n,): the sampled tracks: all, or a share of every genre.

    Tracks and not whole groups are sampled, because a thousand tracks would come from ten artists with a hundred each.
    """
    if len(y) <= MAX_TRACKS:
        return np.ones(len(y), dtype=np.bool_)
    generator = np.random.default_rng(seed)
    sample = np.zeros(len(y), dtype=np.bool_)
    for column in np.unique(y):
        members = np.flatnonzero(y == column)
        count = max(round(len(members) * MAX_TRACKS / len(y)), MIN_TRACKS_PER_GENRE)
        sample[generator.choice(members, min(count, len(members)), replace=False)] = True
    return sample


def _by_genre(
    y: Integers,
    groups: Integers,
    genres: Sequence[str],
    full: Integers,
    permuted: Integers,
    alone: Integers,
    seed: int,
) -> tuple[GenreImportance, ...]:
    _, group = np.unique(groups, return_inverse=True)
    counts = [_counts(y, predicted, group, len(genres)) for predicted in (full, permuted)]
    full_f1, permuted_f1 = (_f1(*(table.sum(axis=0) for table in tables)) for tables in counts)
    drops = np.concatenate(
        [
            _f1(*(draws @ table for table in counts[0])) - _f1(*(draws @ table for table in counts[1]))
            for draws in bootstrap_draws(int(group.max()) + 1, seed=seed)
        ]
    )
    recalls = [tables[0].sum(axis=0) / np.maximum(tables[1].sum(axis=0), 1e-9) for tables in counts]
    alone_f1 = _f1(*(table.sum(axis=0) for table in _counts(y, alone, group, len(genres))))
    return tuple(
        GenreImportance(
            genre,
            interval(float(full_f1[at] - permuted_f1[at]), drops[:, at]),
            float(recalls[0][at] - recalls[1][at]),
            float(alone_f1[at]),
        )
        for at, genre in enumerate(genres)
    )


def _counts(y: Integers, predicted: Integers, group: Integers, classes: int) -> tuple[Floats, Floats, Floats]:
    """Correct, labeled and predicted tracks, (groups, classes) each; means over the rows of `predicted` (times, n)."""
    shape = (int(group.max()) + 1, classes)
    correct, labeled, chosen = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for choice in predicted:
        np.add.at(correct, (group, y), (choice == y) / len(predicted))
        np.add.at(chosen, (group, choice), 1 / len(predicted))
    np.add.at(labeled, (group, y), 1.0)
    return correct, labeled, chosen


def _f1(correct: Floats, labeled: Floats, predicted: Floats) -> Floats:
    return np.asarray(2 * correct / np.maximum(labeled + predicted, 1e-9))


def feature_group_of(dimension: str) -> str:
    """The group of a dimension, which is named `feature.statistic.number` or `network.layer.number`."""
    feature, _, rest = dimension.partition(".")
    layer = f"{feature}.{rest.partition('.')[0]}"
    return NAMES.get(layer) or NAMES.get(feature) or feature
