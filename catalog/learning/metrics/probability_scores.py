"""Proper scores of probabilities, top-k accuracy, and accuracy by coverage."""

import numpy as np

from catalog.arrays import Booleans, Floats, Integers

FLOOR = 1e-7  # of a probability, as in calibration: one 0 must not make the mean infinite
SHARES = tuple(share / 10 for share in range(1, 11))


def log_loss(probability: Floats, y: Integers) -> float:
    """The mean of -log p(class), natural logarithm, 0 and above; `probability` (n, classes), `y` (n,).

    The logarithmic score of Good, "Rational decisions" (1952). Predicting the class shares gives their entropy.
    """
    of_label = np.take_along_axis(probability, y[:, None], axis=1)
    return float(-np.log(np.maximum(of_label, FLOOR)).mean())


def brier_score(probability: Floats, y: Integers) -> float:
    """The mean over tracks of the squared errors summed over classes, 0 to 2.

    As defined by Brier, "Verification of forecasts expressed in terms of probability" (1950): for two classes it is
    twice the more common definition.
    """
    truth = np.zeros_like(probability)
    np.put_along_axis(truth, y[:, None], 1.0, axis=1)
    return float(((probability - truth) ** 2).sum(axis=1).mean())


def top_k_accuracy(probability: Floats, y: Integers, number: int) -> Booleans:
    """(n,): whether the class is among the `number` likeliest; ties are ordered by column."""
    likeliest = np.argsort(-probability, axis=1, kind="stable")[:, :number]
    return np.asarray((likeliest == y[:, None]).any(axis=1))


def accuracy_at_shares(
    probability: Floats, y: Integers, shares: tuple[float, ...] = SHARES
) -> list[tuple[float, float]]:
    """(coverage, accuracy) if only the tracks with the highest confidence are predicted, at least 1 track.

    The complement of the risk-coverage curve of El-Yaniv and Wiener, "On the foundations of noise-free selective
    classification" (2010). Raises ValueError without a track.
    """
    if not len(y):
        raise ValueError("there is no track to score")
    order = np.argsort(-probability.max(axis=1), kind="stable")
    correct = (probability.argmax(axis=1) == y)[order]
    running = correct.cumsum() / np.arange(1, len(y) + 1)
    return [(share, float(running[max(round(share * len(y)), 1) - 1])) for share in shares]
