"""A neural network with one hidden layer, trained in minibatches for a fixed number of rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.arrays import Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BALANCE
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, Parameter, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier

BATCH = 32
"""Tracks per step. Batches are small because few tracks would give few steps otherwise."""


class NeuralNetworkClassifier(SklearnClassifier):
    """A scikit-learn classifier without the state of its optimizer."""

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> NeuralNetworkClassifier:
        """Fits the scaling and the network."""
        super().fit(X, y, groups)
        # The optimizer holds two more copies of all weights, which prediction does not need.
        vars(self.estimator).pop("_optimizer", None)
        return self


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    from sklearn.neural_network import MLPClassifier

    estimator = MLPClassifier(
        (parameters["units"],),
        alpha=parameters["alpha"],
        max_iter=parameters["rounds"],
        # Early stopping would use a random validation split, which does not keep artists apart.
        early_stopping=False,
        random_state=seed,
    )
    return NeuralNetworkClassifier(
        estimator,
        balance=parameters["balance"],
        blocks=blocks,
        at_most={"batch_size": BATCH},
        seed=seed,
    )


NEURAL_NETWORK = Algorithm(
    name="neural_network",
    make=_make,
    parameters={
        "units": Parameter(64, integer(1, 2000), tries=(32, 64, 128, 256)),
        "alpha": Parameter(1.0, ABOVE_ZERO, tries=(0.1, 1.0, 10.0)),
        "rounds": Parameter(60, integer(1, 1000), tries=(20, 60, 120)),
        "balance": BALANCE,
    },
)
