"""A stack: a classifier for each feature set, and one that weighs what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier, class_probabilities
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.logistic_regression import LOGISTIC_REGRESSION
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, choice, integer
from catalog.learning.classifiers.random_forest import RANDOM_FOREST
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier
from catalog.learning.classifiers.svm import SVM
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds

BASES = MappingProxyType({each.name: each for each in (LOGISTIC_REGRESSION, RANDOM_FOREST, SVM)})
FLOOR = 1e-4
"""Probabilities are no smaller where their logarithm is taken."""


class Stack:
    """Classifiers of one block of columns each, joined by logistic regression on the logarithms of what they say.

    The joint is learned from probabilities for tracks that the classifiers had not seen, with groups apart (D. Wolpert,
    "Stacked generalization", 1992); the classifiers are then fitted on all.
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
        """Fits the classifiers and the joint. Of tracks in a single group the joint is the plain mean."""
        self.classes_: Integers = np.unique(y)
        column = np.searchsorted(self.classes_, y)
        groups = np.arange(len(y)) if groups is None else groups
        self.joint: Classifier | None = None
        if len(np.unique(groups)) > 1:
            heard, known = self._out_of_fold(X, column, groups)
            if len(np.unique(column[known])) == len(self.classes_):
                self.joint = self._make_joint()
                self.joint.fit(heard[known], y[known], groups[known])
        self.classifiers = [self._make() for _ in self._parts(X)]
        for classifier, part in zip(self.classifiers, self._parts(X), strict=True):
            classifier.fit(X[:, part], column, groups)
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        heard = self._heard(self.classifiers, X)
        if self.joint is not None:
            return self.joint.predict_proba(heard)
        mean = np.exp(heard.reshape(len(X), len(self.classifiers), -1)).mean(axis=1)
        return np.asarray(mean / mean.sum(axis=1, keepdims=True))

    def __getstate__(self) -> dict[str, Any]:
        """What the fitted stack is: not how others like it are made."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_make")}

    def _out_of_fold(self, X: Matrix, column: Integers, groups: Integers) -> tuple[Floats, Any]:
        """(n, blocks x classes) logarithms, and which of the n tracks are of a class known to those who were asked."""
        count = number_of_folds(column, groups, maximum=self.folds)
        fold = stratified_group_folds(column, groups, count, seed=self.seed)
        parts = self._parts(X)
        heard = np.zeros((len(X), len(parts) * len(self.classes_)))
        known = np.zeros(len(X), np.bool_)
        for number in np.unique(fold):
            test, training = fold == number, fold != number
            classifiers = [self._make() for _ in parts]
            for classifier, part in zip(classifiers, parts, strict=True):
                classifier.fit(X[training, part], column[training], groups[training])
            heard[test] = self._heard(classifiers, X[test])
            known |= test & np.isin(column, column[training])
        return heard, known

    def _heard(self, classifiers: list[Classifier], X: Matrix) -> Floats:
        """(n, blocks x classes): logarithms of what each classifier says."""
        said = [
            class_probabilities(classifier, X[:, part], len(self.classes_))
            for classifier, part in zip(classifiers, self._parts(X), strict=True)
        ]
        return np.asarray(np.log(np.maximum(np.hstack(said), FLOOR)))

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
    defaults=MappingProxyType({"base": LOGISTIC_REGRESSION.name, "C": 0.1, "folds": 5, "balance": "weights"}),
    values=MappingProxyType(
        {"base": choice(*BASES), "C": ABOVE_ZERO, "folds": integer(2, 10), "balance": BY_WEIGHTS}
    ),
    search_space=MappingProxyType(
        {
            "base": tuple(BASES),
            "C": (0.01, 0.1, 1.0),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
