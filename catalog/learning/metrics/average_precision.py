"""Average precision per genre for multilabel tags that may be incomplete."""

from dataclasses import dataclass

from catalog.arrays import Booleans, Floats


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """The average precision of one genre's probability; values of 0 to 1."""

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


def average_precisions(probability: Floats, labels: Booleans, complete: Booleans) -> list[AveragePrecision]:
    """One per class; `probability` and `labels` (n, classes), `complete` (n,): whether a track's tags are complete.

    A missing label of a track with incomplete tags is unknown, neither positive nor negative (positive and unlabeled
    data: Bekker and Davis, "Learning from positive and unlabeled data", 2020). The exact value is therefore that of the
    tracks with complete tags. Over all tracks it is a bound: at every rank, the precision with unknown labels as
    negatives is no higher than the true one, and recall is the same if labels are missing at random.
    """
    return [
        _of_class(probability[:, column], labels[:, column], complete) for column in range(labels.shape[1])
    ]


def _of_class(score: Floats, labels: Booleans, complete: Booleans) -> AveragePrecision:
    positive = labels[complete]
    return AveragePrecision(
        tracks=int(labels.sum()),
        value=average_precision(score[complete], positive) if positive.any() and not positive.all() else None,
        at_least=average_precision(score, labels) if labels.any() else None,
        by_chance=float(labels.mean()) if labels.any() else None,
    )
