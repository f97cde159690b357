"""Repeated cross-validation: other fold seeds, because one assignment of few artists to folds can be lucky."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from catalog.arrays import Integers
from catalog.learning.classifiers import Algorithm, Matrix, class_probabilities
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.fitting.calibration import cross_fitted

SEEDS = 5
SEEDS_UP_TO = 5_000
"""Tracks above which one fold seed is used: the assignment hardly matters, and each repeat takes five fits."""
RANDOM_UP_TO = 25_000
"""Tracks above which random folds are skipped."""


def repeated_cv_choices(
    X: Matrix,
    y: Integers,
    groups: Integers,
    classes: int,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> Integers:
    """(SEEDS - 1, n): out-of-fold classes with the fold seeds after `seed`; (0, n) above SEEDS_UP_TO tracks.

    X (n, dimensions), y and groups (n,). Calibration is fitted on the other folds.
    """
    if len(y) > SEEDS_UP_TO:
        return np.empty((0, len(y)), dtype=np.int64)
    folds = number_of_folds(y, groups)
    return np.stack(
        [
            calibrated_choices(
                X,
                y,
                groups,
                stratified_group_folds(y, groups, folds, seed=fold_seed),
                classes,
                algorithm,
                parameters,
                fold_seed,
            )
            for fold_seed in range(seed + 1, seed + SEEDS)
        ]
    )


def random_fold_choices(
    X: Matrix,
    y: Integers,
    groups: Integers,
    classes: int,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> Integers | None:
    """(n,): out-of-fold classes with random folds, which split artists; None above RANDOM_UP_TO tracks.

    The number of folds is that of grouped folds, so training sets have the same size. The score is too optimistic; its
    difference from the grouped score measures the artist effect.
    """
    if len(y) > RANDOM_UP_TO:
        return None
    folds = number_of_folds(y, groups)
    fold = stratified_group_folds(y, np.arange(len(y)), folds, seed=seed)
    return calibrated_choices(X, y, groups, fold, classes, algorithm, parameters, seed)


def calibrated_choices(
    X: Matrix,
    y: Integers,
    groups: Integers,
    fold: Integers,
    classes: int,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None,
    seed: int,
    *,
    test_folds: Integers | None = None,
) -> Integers:
    """(m,): out-of-fold classes of the tracks in `test_folds` (at least two; None: all), calibrated on each other."""
    numbers = np.unique(fold) if test_folds is None else test_folds
    raw = np.zeros((len(y), classes))
    for number in numbers:
        test, training = fold == number, fold != number
        classifier = algorithm.fit(X[training], y[training], groups[training], parameters, seed=seed)
        raw[test] = class_probabilities(classifier, X[test], classes)
    inside = np.isin(fold, numbers)
    probability = cross_fitted(raw[inside], y[inside], fold[inside], groups[inside])
    return np.asarray(probability.argmax(axis=1), dtype=np.int64)
