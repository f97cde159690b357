"""Repeats: the same score on folds dealt anew, because one deal of few artists can be lucky."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from catalog.arrays import Integers
from catalog.learning.classifiers import Algorithm, Matrix, class_probabilities
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.fitting.calibration import cross_fitted

SEEDS = 5
SEEDS_UP_TO = 5_000
"""Above so many tracks the folds are dealt once: the deal hardly matters then, and five fits more each time do."""
RANDOM_UP_TO = 25_000
"""Above so many tracks random folds are not tried: they are there to show what would have been claimed."""


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
    """(seeds - 1, n): the choices by folds dealt with the seeds after `seed`; (0, n) above SEEDS_UP_TO tracks.

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
                stratified_group_folds(y, groups, folds, seed=again),
                classes,
                algorithm,
                parameters,
                again,
            )
            for again in range(seed + 1, seed + SEEDS)
        ]
    )


def choices_by_random_folds(
    X: Matrix,
    y: Integers,
    groups: Integers,
    classes: int,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> Integers | None:
    """(n,): the choices where artists may sit on both sides, as in most tutorials; None above RANDOM_UP_TO tracks.

    As many folds as with artists apart, so that as much is learned from. No score of ours: it says how much the artists
    give away.
    """
    if len(y) > RANDOM_UP_TO:
        return None
    folds = number_of_folds(y, groups)
    dealt = stratified_group_folds(y, np.arange(len(y)), folds, seed=seed)
    return calibrated_choices(X, y, groups, dealt, classes, algorithm, parameters, seed)


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
    asked: Integers | None = None,
) -> Integers:
    """(m,): the choices for the tracks of the folds `asked` (at least two; None: all), calibrated on each other."""
    numbers = np.unique(fold) if asked is None else asked
    raw = np.zeros((len(y), classes))
    for number in numbers:
        test, training = fold == number, fold != number
        classifier = algorithm.build(parameters, seed=seed)
        classifier.fit(X[training], y[training], groups[training])
        raw[test] = class_probabilities(classifier, X[test], classes)
    inside = np.isin(fold, numbers)
    probability = cross_fitted(raw[inside], y[inside], fold[inside], groups[inside])
    return np.asarray(probability.argmax(axis=1), dtype=np.int64)
