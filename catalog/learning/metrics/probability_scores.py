"""Proper scores of probabilities, top-k accuracy, accuracy by coverage, and average precision."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """The average precision of one genre's probability; values of 0 to 1."""

    genre: str
    tracks: int
    """Tracks labeled with the genre."""
    value: float | None
    """On tracks with complete tags, where a missing label is a negative; None without positives and negatives."""
    at_least: float | None
    """On all tracks, with missing labels as negatives. Some are positives, so this is a lower bound."""
    by_chance: float | None
    """`at_least` in random order: the share of tracks labeled with the genre."""


def average_precision(score: Floats, positive: Booleans) -> float:
    """The mean, over the positives (n,), of the precision at their scores (n,); 0 to 1.

    Buckley and Voorhees, "Evaluating evaluation measure stability" (2000). Tracks with equal scores rank together,
    as in scikit-learn. Raises ValueError without a positive.
    """
    from sklearn.metrics import average_precision_score

    if not positive.any():
        raise ValueError("no track has the genre")
    return float(average_precision_score(positive, score))


def average_precisions(
    genres: Sequence[str], probability: Floats, labels: Booleans, complete: Booleans
) -> tuple[AveragePrecision, ...]:
    """Average precision per genre, from `probability` and `labels` (n, classes).

    `complete` (n,) says whether all genres of a track are given.

    A missing label of a track with incomplete tags is unknown, neither positive nor negative (positive and unlabeled
    data: Bekker and Davis, "Learning from positive and unlabeled data", 2020). The exact value is therefore that of the
    tracks with complete tags. Over all tracks it is a bound: at every rank, the precision with unknown labels as
    negatives is no higher than the true one, and recall is the same if labels are missing at random.
    """
    return tuple(
        _of_genre(genre, score, labels_of_genre, complete)
        for genre, score, labels_of_genre in zip(genres, probability.T, labels.T, strict=True)
    )


def _of_genre(genre: str, score: Floats, labels: Booleans, complete: Booleans) -> AveragePrecision:
    positive = labels[complete]
    return AveragePrecision(
        genre=genre,
        tracks=int(labels.sum()),
        value=average_precision(score[complete], positive) if positive.any() and not positive.all() else None,
        at_least=average_precision(score, labels) if labels.any() else None,
        by_chance=float(labels.mean()) if labels.any() else None,
    )
