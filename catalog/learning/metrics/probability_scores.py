"""Scores of probabilities: what is lost by saying 0.6 where 0.9 was due, and how near the top the truth stands."""

import numpy as np
import numpy.typing as npt

from catalog.arrays import Floats, Integers

FLOOR = 1e-7  # of a probability, as where it is calibrated: one nought must not make the mean infinite
SHARES = tuple(share / 10 for share in range(1, 11))


def log_loss(probability: Floats, y: Integers) -> float:
    """The mean of -log p(class), natural logarithm, 0 and above; `probability` (n, classes), `y` (n,).

    The logarithmic score of Good, "Rational decisions" (1952). Saying the shares of the classes gives their entropy.
    """
    said = np.take_along_axis(probability, y[:, None], axis=1)
    return float(-np.log(np.maximum(said, FLOOR)).mean())


def brier_score(probability: Floats, y: Integers) -> float:
    """The mean over tracks of the squared errors summed over classes, 0 to 2.

    As Brier, "Verification of forecasts expressed in terms of probability" (1950), wrote it: for two classes it is twice
    what is often called by that name.
    """
    truth = np.zeros_like(probability)
    np.put_along_axis(truth, y[:, None], 1.0, axis=1)
    return float(((probability - truth) ** 2).sum(axis=1).mean())


def top_k_accuracy(probability: Floats, y: Integers, number: int) -> npt.NDArray[np.bool_]:
    """(n,): whether the class is among the `number` likeliest; of equals those with the smaller column come first."""
    likeliest = np.argsort(-probability, axis=1, kind="stable")[:, :number]
    return np.asarray((likeliest == y[:, None]).any(axis=1))


def accuracy_at_shares(
    probability: Floats, y: Integers, shares: tuple[float, ...] = SHARES
) -> list[tuple[float, float]]:
    """(share answered, accuracy of these answers) where only the surest first choices are given; 1 track at least.

    The complement of the risk-coverage curve of El-Yaniv and Wiener, "On the foundations of noise-free selective
    classification" (2010). ValueError without a track.
    """
    if not len(y):
        raise ValueError("there is no track to answer for")
    order = np.argsort(-probability.max(axis=1), kind="stable")
    right = (probability.argmax(axis=1) == y)[order]
    running = right.cumsum() / np.arange(1, len(y) + 1)
    return [(share, float(running[max(round(share * len(y)), 1) - 1])) for share in shares]
