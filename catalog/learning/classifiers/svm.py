"""Support vector machines: the widest street between classes, in the space of a radial kernel."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import softmax

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier

ROUNDS = 20
"""Times that the approximate machine sees every track."""


class SupportVectorMachine:
    """A kernel machine up to a number of tracks, above it one on an approximation of the kernel.

    The kernel is exp(-gamma |a - b|^2 / dimensions), of scaled vectors. The exact machine takes time by the square of
    the tracks; the other learns a linear one, in time by their number, on features of as many tracks drawn at random
    (C. Williams and M. Seeger, "Using the Nystroem method to speed up kernel machines", 2001).

    Probabilities are the softmax of twice the margins between the classes. They rank; what they are worth is learned
    from tracks left out, by the calibration that every model here has, so no folds are spent on Platt scaling.
    """

    def __init__(self, C: float, gamma: float, *, exact_up_to: int, components: int, seed: int) -> None:
        self.C = C
        self.gamma = gamma
        self.exact_up_to = exact_up_to
        self.components = components
        self.seed = seed

    def set_params(self) -> SupportVectorMachine:
        """Nothing of it depends on the number of tracks but what `fit` sees to."""
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
    defaults=MappingProxyType(
        {"C": 3.0, "gamma": 1.0, "exact_up_to": 10_000, "components": 1000, "balance": "weights"}
    ),
    values=MappingProxyType(
        {
            "C": ABOVE_ZERO,
            "gamma": ABOVE_ZERO,
            "exact_up_to": COUNT,
            "components": COUNT,
            "balance": BY_WEIGHTS,
        }
    ),
    search_space=MappingProxyType(
        {
            "C": (0.3, 1.0, 3.0, 10.0),
            "gamma": (0.1, 0.3, 1.0, 3.0),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
