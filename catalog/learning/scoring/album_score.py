"""Track by track or by album: which answers better for artists not heard, decided out of fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from catalog.arrays import Floats, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import PRECISION, choose_threshold
from catalog.learning.fitting.album_averaging import ALONE, Mean, average_by_unit
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.metrics.probability_scores import log_loss

Unit = Literal["track", "album"]

FEWEST_ALBUMS = 10
"""Of fewer albums chance would decide."""


@dataclass(frozen=True, slots=True)
class UnitScore:
    """Scores of tracks on albums with another labeled track; shares of 0 to 1, the log loss above 0."""

    accuracy: float
    macro_f1: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class AlbumScore:
    """Both ways of answering, on the same tracks and folds, and which one is taken for untagged tracks."""

    albums: int
    tracks: int
    """On these albums."""
    by_track: UnitScore | None
    """None where there is no such track."""
    by_album: UnitScore | None
    mean: Mean
    """The way of averaging with the lower log loss."""
    threshold: float | None
    """The least probability of an answer by album; None: no answer reaches the precision."""
    unit: Unit
    reason: str


def album_score(
    probability: Floats,
    y: Integers,
    unit: Integers,
    groups: Integers,
    hierarchy: Hierarchy,
    *,
    precision: float = PRECISION,
) -> AlbumScore:
    """Compares out-of-fold probabilities (n, classes) with their means over the albums `unit` (n,).

    Albums are taken only if their log loss is lower and their macro F1 no lower: averaging must cost no rare genre.
    """
    inside = unit != ALONE
    albums = int(np.unique(unit[inside]).size)
    if not albums:
        reason = "no album has two labeled tracks by one artist"
        return AlbumScore(0, 0, None, None, "arithmetic", None, "track", reason)
    averages = {mean: average_by_unit(probability, unit, mean) for mean in get_args(Mean)}
    mean: Mean = min(averages, key=lambda one: log_loss(averages[one][inside], y[inside]))
    by_track, by_album = (
        _score(one[inside], y[inside], groups[inside]) for one in (probability, averages[mean])
    )
    taken, reason = _chosen(albums, by_track, by_album)
    return AlbumScore(
        albums=albums,
        tracks=int(inside.sum()),
        by_track=by_track,
        by_album=by_album,
        mean=mean,
        threshold=choose_threshold(averages[mean], y, hierarchy, groups=groups, precision=precision).value,
        unit=taken,
        reason=reason,
    )


def _score(probability: Floats, y: Integers, groups: Integers) -> UnitScore:
    scores = evaluate(y, probability.argmax(axis=1), groups, probability.shape[1], resamples=1)
    return UnitScore(scores.accuracy.value, scores.macro_f1.value, log_loss(probability, y))


def _chosen(albums: int, by_track: UnitScore, by_album: UnitScore) -> tuple[Unit, str]:
    if albums < FEWEST_ALBUMS:
        return "track", f"{albums} albums are too few to tell; {FEWEST_ALBUMS} are needed"
    if by_album.log_loss >= by_track.log_loss:
        return "track", "averaged over albums the probabilities lose more (log loss)"
    if by_album.macro_f1 < by_track.macro_f1:
        return "track", "averaged over albums rare genres are found less often (macro F1)"
    return "album", "averaged over albums the probabilities lose less, and macro F1 is no lower"
