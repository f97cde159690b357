"""Average precision by genre where a track may have several, and a genre not given may be unknown."""

from dataclasses import dataclass

from catalog.arrays import Booleans, Floats


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """How well the probability of one genre brings forward the tracks that have it; shares of 0 to 1."""

    tracks: int
    """Tracks that were given the genre."""
    value: float | None
    """Among tracks with complete tags, where a genre not given is denied; None where that says nothing."""
    at_least: float | None
    """Among all tracks, as if what is not given were wrong. Some of it is right, so the truth is no lower."""
    by_chance: float | None
    """What `at_least` would be in an order that knows nothing: the share of the tracks that were given the genre."""


def average_precision(score: Floats, positive: Booleans) -> float:
    """The mean, over the positives (n,), of the share of positives among those that score (n,) no lower; 0 to 1.

    Buckley and Voorhees, "Evaluating evaluation measure stability" (2000). Tracks of equal score come together, as in
    scikit-learn. ValueError without a positive.
    """
    from sklearn.metrics import average_precision_score

    if not positive.any():
        raise ValueError("no track has the genre")
    return float(average_precision_score(positive, score))


def average_precisions(probability: Floats, given: Booleans, complete: Booleans) -> list[AveragePrecision]:
    """One for each class; `probability` and `given` (n, classes), `complete` (n,): whether a track's tags are complete.

    A genre that was not given to a track with incomplete tags is unknown, neither right nor wrong (positive and
    unlabeled: Bekker and Davis, "Learning from positive and unlabeled data", 2020). So the exact figure is that of the
    tracks with complete tags. Over all tracks there is a bound: at every place of the order the precision that takes
    the unknown for wrong is no higher than the true one, and if those tagged are no special part of those that have the
    genre, recall is the same.
    """
    return [_of_class(probability[:, column], given[:, column], complete) for column in range(given.shape[1])]


def _of_class(score: Floats, given: Booleans, complete: Booleans) -> AveragePrecision:
    known = given[complete]
    return AveragePrecision(
        tracks=int(given.sum()),
        value=average_precision(score[complete], known) if known.any() and not known.all() else None,
        at_least=average_precision(score, given) if given.any() else None,
        by_chance=float(given.mean()) if given.any() else None,
    )
