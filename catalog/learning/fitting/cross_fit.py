"""Cross-fit: out-of-fold predictions for every labeled track, and the model fitted on all tracks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from catalog.arrays import Floats, Integers
from catalog.learning.classifiers import Algorithm, Classifier, Matrix, class_probabilities
from catalog.learning.dataset.feature_matrix import UntrainableDataError, require_finite
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import (
    PRECISION,
    Selections,
    Threshold,
    choose_threshold,
    cross_fitted_selections,
    select_nodes,
)
from catalog.learning.fitting.calibration import Calibration, cross_fitted, fit_calibration
from catalog.learning.fitting.out_of_distribution import (
    ClassDistances,
    MahalanobisSpace,
    cross_fitted_resemblance,
    fit_mahalanobis_space,
)

INNER_FOLDS = 3
NESTED_UP_TO = 5_000
"""With more tracks, calibration is fitted on the other outer folds instead of inside each training fold: its few
parameters cannot overfit single tracks then, and three of four fits are saved."""


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A classifier with its calibration, threshold and classes, as it predicts untagged tracks."""

    classifier: Classifier
    calibration: Calibration
    threshold: Threshold
    hierarchy: Hierarchy
    novelty: MahalanobisSpace | None = None
    """Detects tracks that resemble no class; None: the probability decides alone."""

    def raw_probability(self, X: Matrix) -> Floats:
        """(n, classes): uncalibrated, rows summing to 1."""
        return class_probabilities(self.classifier, X, len(self.hierarchy.classes))

    def probability(self, X: Matrix) -> Floats:
        """(n, classes): calibrated, rows summing to 1."""
        return self.calibration.apply(self.raw_probability(X))

    def resemblance(self, X: Matrix) -> Floats | None:
        """(n, classes): how much each track resembles each class, -1 to 1; None if resemblance is not used."""
        return None if self.novelty is None else self.novelty.resemblance(X)

    def select(self, probability: Floats, resemblance: Floats | None = None) -> Selections:
        """The predicted nodes by the model's threshold, for calibrated probabilities (n, classes) and resemblances."""
        return select_nodes(
            probability,
            self.hierarchy,
            self.threshold.value,
            resemblance=resemblance,
            least=self.threshold.resemblance,
        )


@dataclass(frozen=True, eq=False)
class CrossFit:
    """The result for n labeled tracks. Everything but `model` is out of fold."""

    fold: Integers
    """(n,): the test fold of each track."""
    probability: Floats
    """(n, classes): by a model and a calibration that were fitted without the track's group."""
    choice: Integers
    """(n,): the likeliest class, as a column."""
    selections: Selections
    """By thresholds chosen on the other folds."""
    model: FittedModel
    """Fitted on all tracks; its calibration and threshold on the out-of-fold probabilities of all."""
    nested: bool
    """Whether calibration was fitted inside the training folds, not on the other folds' probabilities."""
    resemblance: ClassDistances | None = None
    """By spaces that were fitted without the track's group; None if only the probability decides."""


def cross_fit(
    X: Matrix,
    y: Integers,
    groups: Integers,
    hierarchy: Hierarchy,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None = None,
    *,
    folds: int | None = None,
    precision: float = PRECISION,
    novelty: bool = True,
    seed: int = 0,
) -> CrossFit:
    """Fits and scores a classifier with groups kept together.

    X is (n, dimensions) and finite, y (n,) columns of `hierarchy.classes`, groups (n,). `folds` follows from the
    rarest class by default. With `novelty`, tracks that resemble no class get no prediction; resemblance is computed on
    the first feature set. Raises UntrainableDataError, before any work, for data that no model can be trained on.
    """
    classes = len(hierarchy.classes)
    _check(X, y, groups, classes)
    algorithm.build(parameters, seed=seed)  # raises for an unknown parameter before the first fit
    outer = stratified_group_folds(y, groups, folds or number_of_folds(y, groups), seed=seed)
    nested = len(y) <= NESTED_UP_TO
    raw = np.zeros((len(y), classes))
    probability = np.zeros_like(raw)
    for number in np.unique(outer):
        test, training = outer == number, outer != number
        classifier = algorithm.fit(X[training], y[training], groups[training], parameters, seed=seed)
        raw[test] = class_probabilities(classifier, X[test], classes)
        if nested:
            calibration = _inner_calibration(
                X[training], y[training], groups[training], classes, algorithm, parameters, seed
            )
            probability[test] = calibration.apply(raw[test])
    if not nested:
        probability = cross_fitted(raw, y, outer, groups)
    first = algorithm.blocks[0] if algorithm.blocks else None
    resemblance = cross_fitted_resemblance(X, y, outer, classes, first=first) if novelty else None
    space = None if resemblance is None else fit_mahalanobis_space(X, y, classes, first=first)
    model = FittedModel(
        classifier=algorithm.fit(X, y, groups, parameters, seed=seed),
        calibration=fit_calibration(raw, y, groups),
        threshold=choose_threshold(
            probability, y, hierarchy, groups=groups, precision=precision, resemblance=resemblance
        ),
        hierarchy=hierarchy,
        novelty=None if space is None or resemblance is None else replace(space, reach=resemblance.reach),
    )
    return CrossFit(
        fold=outer,
        probability=probability,
        choice=probability.argmax(axis=1).astype(np.int64),
        selections=cross_fitted_selections(
            probability, y, outer, hierarchy, groups=groups, precision=precision, resemblance=resemblance
        ),
        model=model,
        nested=nested,
        resemblance=resemblance,
    )


def _inner_calibration(
    X: Matrix,
    y: Integers,
    groups: Integers,
    classes: int,
    algorithm: Algorithm,
    parameters: Mapping[str, Any] | None,
    seed: int,
) -> Calibration:
    """The calibration fitted on out-of-fold probabilities within one training part, groups apart there too."""
    if np.unique(groups).size < 2:
        return Calibration.identity(classes)
    inner = stratified_group_folds(y, groups, number_of_folds(y, groups, maximum=INNER_FOLDS), seed=seed)
    raw = np.zeros((len(y), classes))
    is_usable = np.zeros(len(y), dtype=np.bool_)
    for number in np.unique(inner):
        test, training = inner == number, inner != number
        classes_in_training = np.unique(y[training])
        if len(classes_in_training) < 2:
            continue
        classifier = algorithm.fit(X[training], y[training], groups[training], parameters, seed=seed)
        raw[test] = class_probabilities(classifier, X[test], classes)
        # A class outside the training folds has probability 0 and would only flatten the calibration.
        is_usable |= test & np.isin(y, classes_in_training)
    return fit_calibration(raw[is_usable], y[is_usable], groups[is_usable])


def _check(X: Matrix, y: Integers, groups: Integers, classes: int) -> None:
    if not len(X) == len(y) == len(groups):
        raise ValueError(f"there are {len(X)} vectors, {len(y)} classes and {len(groups)} groups")
    if not len(y):
        raise UntrainableDataError("there is no labeled track")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"a track's class lies outside the {classes} classes")
    if len(np.unique(y)) < 2:
        raise UntrainableDataError("there is only one class, and a model needs two")
    require_finite(X)
    if np.unique(groups).size < 2:
        raise UntrainableDataError(
            "all labeled tracks are connected in one group, so no split can keep artists apart"
        )
