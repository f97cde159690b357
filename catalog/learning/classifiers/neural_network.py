"""A small neural network: one hidden layer, learned in minibatches for a bounded number of rounds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.arrays import Integers, Matrix
from catalog.learning.classifiers.algorithm import Algorithm, Classifier
from catalog.learning.classifiers.class_balance import BY_WEIGHTS
from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, integer
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier

BATCH = 32
"""Tracks a step: small ones, as few tracks would make few steps otherwise."""


class NeuralNetworkClassifier(SklearnClassifier):
    """A learner that forgets how it was learning."""

    def fit(self, X: Matrix, y: Integers, groups: Integers | None = None) -> NeuralNetworkClassifier:
        """Fits the scaling and the network."""
        super().fit(X, y, groups)
        # The optimizer holds two more copies of all weights, which nothing needs any more.
        vars(self.estimator).pop("_optimizer", None)
        return self


def _make(parameters: Mapping[str, Any], seed: int, blocks: tuple[int, ...]) -> Classifier:
    from sklearn.neural_network import MLPClassifier

    estimator = MLPClassifier(
        (parameters["units"],),
        alpha=parameters["alpha"],
        max_iter=parameters["rounds"],
        # It would stop by the score on tracks drawn at random, whose artists are among those it learns from.
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
    defaults=MappingProxyType({"units": 64, "alpha": 1.0, "rounds": 60, "balance": "weights"}),
    values=MappingProxyType(
        {"units": integer(1, 2000), "alpha": ABOVE_ZERO, "rounds": integer(1, 1000), "balance": BY_WEIGHTS}
    ),
    search_space=MappingProxyType(
        {
            "units": (32, 64, 128, 256),
            "alpha": (0.1, 1.0, 10.0),
            "rounds": (20, 60, 120),
            "balance": ("none", "weights", "sampling"),
        }
    ),
)
