"""Support vector machine: maximum-margin classifier with an RBF kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import softmax

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BALANCE
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT, Parameter
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier

ROUNDS = 20
"""Passes of the approximate machine over the tracks."""


class SupportVectorMachine:
    """A kernel machine; above a number of tracks, a linear machine on an approximation of the kernel.

    The kernel is exp(-gamma |a - b|^2 / dimensions) of scaled vectors. The exact machine takes time quadratic in the
    number of tracks. The approximate one takes linear time: it fits a linear machine on features from `components`
    randomly drawn tracks (C. Williams and M. Seeger, "Using the Nystroem method to speed up kernel machines", 2001).

    Probabilities are the softmax of twice the margins between the classes. They only rank the classes: every model is
    calibrated on held-out tracks, so Platt scaling with folds of its own is not needed.
    """

    def __init__(self, C: float, gamma: float, *, exact_up_to: int, components: int, seed: int) -> None:
        self.C = C
        self.gamma = gamma
        self.exact_up_to = exact_up_to
        self.components = components
        self.seed = seed

    def set_params(self) -> SupportVectorMachine:
        """Does nothing: no parameter depends on the number of tracks."""
        return self

    def fit(self, X: Matrix, y: Integers, sample_weight: Floats | None = None) -> SupportVectorMachine:
        """X is (n, dimensions), scaled, y (n,), weights (n,)."""
        gamma = self.gamma / X.shape[1]
        if len(X) <= self.exact_up_to:
            self._fit_exactly(X, y, sample_weight, gamma)
        else:
            self._fit_approximately(X, y, sample_weight, gamma)
        self.classes_: Integers = self.machine.classes_
        return self

    def predict_proba(self, X: Matrix) -> Floats:
        """(n, classes), rows summing to 1."""
        margins = self.machine.decision_function(X if self.kernel is None else self.kernel.transform(X))
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins])
        return np.asarray(softmax(2 * margins.astype(np.float64), axis=1))

    def _fit_exactly(self, X: Matrix, y: Integers, weights: Floats | None, gamma: float) -> None:
        from sklearn.svm import SVC

        self.kernel: Any = None
        self.machine: Any = SVC(C=self.C, gamma=gamma).fit(X, y, sample_weight=weights)

    def _fit_approximately(self, X: Matrix, y: Integers, weights: Floats | None, gamma: float) -> None:
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import SGDClassifier

        self.kernel = Nystroem(gamma=gamma, n_components=min(self.components, len(X)), random_state=self.seed)
        features = self.kernel.fit_transform(X)
        self.machine = SGDClassifier(
            loss="hinge",
            alpha=1 / (self.C * len(X)),
            max_iter=ROUNDS,
            tol=None,
            average=True,
            random_state=self.seed,
            n_jobs=1,
        ).fit(features, y, sample_weight=weights)


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    machine = SupportVectorMachine(
        parameters["C"],
        parameters["gamma"],
        exact_up_to=parameters["exact_up_to"],
        components=parameters["components"],
        seed=seed,
    )
    return SklearnClassifier(machine, balance=parameters["balance"], blocks=blocks, seed=seed)


SVM = Algorithm(
    name="svm",
    make=_make,
    parameters={
        "C": Parameter(3.0, ABOVE_ZERO, tries=(0.3, 1.0, 3.0, 10.0)),
        "gamma": Parameter(1.0, ABOVE_ZERO, tries=(0.1, 0.3, 1.0, 3.0)),
        "exact_up_to": Parameter(10_000, COUNT),
        "components": Parameter(1000, COUNT),
        "balance": BALANCE,
    },
)
