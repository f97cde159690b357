"""Stacking: a classifier per feature set, combined by logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from catalog.arrays import Booleans, Floats, Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier, class_probabilities
from catalog.learning.classifiers.class_balance import BALANCE
from catalog.learning.classifiers.logistic_regression import LOGISTIC_REGRESSION
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, Parameter, choice, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier
from catalog.learning.classifiers.svm import SVM
from catalog.learning.classifiers.trees import RANDOM_FOREST
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds

BASES = {base.name: base for base in (LOGISTIC_REGRESSION, RANDOM_FOREST, SVM)}
FLOOR = 1e-4
"""The smallest probability whose logarithm is taken."""


class Stack:
    """Base classifiers of one block of columns each, combined by logistic regression on their log probabilities.

    The combining classifier is fitted on out-of-fold probabilities of the base classifiers, with groups apart (D.
    Wolpert, "Stacked generalization", 1992); the base classifiers are then fitted on all tracks.
    """

    def __init__(
        self,
        make: Callable[[], Classifier],
        make_joint: Callable[[], Classifier],
        *,
        blocks: tuple[int, ...] = (),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self._make = make
        self._make_joint = make_joint
        self.blocks = blocks
        self.folds = folds
        self.seed = seed

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> Stack:
        """Fits all classifiers. If all tracks are in one group, the probabilities are averaged instead."""
        self.classes_: Integers = np.unique(y)
        column = np.searchsorted(self.classes_, y)
        groups = np.arange(len(y)) if groups is None else groups
        self.joint: Classifier | None = None
        if len(np.unique(groups)) > 1:
            logarithms, usable = self._out_of_fold(X, column, groups)
            if len(np.unique(column[usable])) == len(self.classes_):
                self.joint = self._make_joint()
                self.joint.fit(logarithms[usable], y[usable], groups[usable])
        self.classifiers = [self._make() for _ in self._parts(X)]
        for classifier, part in zip(self.classifiers, self._parts(X), strict=True):
            classifier.fit(X[:, part], column, groups)
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        logarithms = self._log_probabilities(self.classifiers, X)
        if self.joint is not None:
            return self.joint.predict_proba(logarithms)
        mean = np.exp(logarithms.reshape(len(X), len(self.classifiers), -1)).mean(axis=1)
        return np.asarray(mean / mean.sum(axis=1, keepdims=True))

    def __getstate__(self) -> dict[str, Any]:
        """The fitted state, without the factories."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_make")}

    def _out_of_fold(self, X: Matrix, column: Integers, groups: Integers) -> tuple[Floats, Booleans]:
        """(n, blocks x classes) log probabilities, and (n,) whether the track's class was in the training folds."""
        count = number_of_folds(column, groups, maximum=self.folds)
        fold = stratified_group_folds(column, groups, count, seed=self.seed)
        parts = self._parts(X)
        logarithms = np.zeros((len(X), len(parts) * len(self.classes_)))
        usable = np.zeros(len(X), np.bool_)
        for number in np.unique(fold):
            test, training = fold == number, fold != number
            classifiers = [self._make() for _ in parts]
            for classifier, part in zip(classifiers, parts, strict=True):
                classifier.fit(X[training, part], column[training], groups[training])
            logarithms[test] = self._log_probabilities(classifiers, X[test])
            usable |= test & np.isin(column, column[training])
        return logarithms, usable

    def _log_probabilities(self, classifiers: list[Classifier], X: Matrix) -> Floats:
        """(n, blocks x classes): log probabilities of each classifier."""
        probabilities = [
            class_probabilities(classifier, X[:, part], len(self.classes_))
            for classifier, part in zip(classifiers, self._parts(X), strict=True)
        ]
        return np.asarray(np.log(np.maximum(np.hstack(probabilities), FLOOR)))

    def _parts(self, X: Matrix) -> list[slice]:
        ends = np.cumsum(self.blocks or (X.shape[1],)).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    base = BASES[parameters["base"]]

    def make_joint() -> Classifier:
        from sklearn.linear_model import LogisticRegression

        estimator = LogisticRegression(C=parameters["C"], max_iter=2000)
        return SklearnClassifier(estimator, balance=parameters["balance"], seed=seed)

    return Stack(
        lambda: base.build({"balance": parameters["balance"]}, seed=seed),
        make_joint,
        blocks=blocks,
        folds=parameters["folds"],
        seed=seed,
    )


STACK = Algorithm(
    name="stack",
    make=_make,
    parameters={
        "base": Parameter(LOGISTIC_REGRESSION.name, choice(*BASES), tries=tuple(BASES)),
        "C": Parameter(0.1, ABOVE_ZERO, tries=(0.01, 0.1, 1.0)),
        "folds": Parameter(5, integer(2, 10)),
        "balance": BALANCE,
    },
)
