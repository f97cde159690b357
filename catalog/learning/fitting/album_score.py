"""Out-of-fold comparison of predictions per track with predictions averaged over albums."""

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

MIN_ALBUMS = 10
"""Albums below which predictions stay per track: chance would decide."""


@dataclass(frozen=True, slots=True)
class UnitScore:
    """Scores of tracks on albums with another labeled track; accuracy and macro F1 0 to 1."""

    accuracy: float
    macro_f1: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class AlbumScore:
    """Scores of both units on the same tracks and folds, and the unit chosen for untagged tracks."""

    albums: int
    tracks: int
    """Tracks on these albums."""
    by_track: UnitScore | None
    """None without such a track."""
    by_album: UnitScore | None
    mean: Mean
    """The kind of mean with the lower log loss."""
    threshold: float | None
    """Lowest probability of a suggestion by album; None: the precision cannot be reached."""
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

    Albums are chosen only if their log loss is lower and their macro F1 is not: averaging must not cost a rare genre.
    """
    on_album = unit != ALONE
    albums = int(np.unique(unit[on_album]).size)
    if not albums:
        reason = "no album has two labeled tracks by one artist"
        return AlbumScore(0, 0, None, None, "arithmetic", None, "track", reason)
    averages = {mean: average_by_unit(probability, unit, mean) for mean in get_args(Mean)}
    mean: Mean = min(averages, key=lambda kind: log_loss(averages[kind][on_album], y[on_album]))
    by_track, by_album = (
        _score(table[on_album], y[on_album], groups[on_album]) for table in (probability, averages[mean])
    )
    chosen_unit, reason = _choose_unit(albums, by_track, by_album)
    return AlbumScore(
        albums=albums,
        tracks=int(on_album.sum()),
        by_track=by_track,
        by_album=by_album,
        mean=mean,
        threshold=choose_threshold(averages[mean], y, hierarchy, groups=groups, precision=precision).value,
        unit=chosen_unit,
        reason=reason,
    )


def _score(probability: Floats, y: Integers, groups: Integers) -> UnitScore:
    scores = evaluate(y, probability.argmax(axis=1), groups, probability.shape[1], resamples=1)
    return UnitScore(scores.accuracy.value, scores.macro_f1.value, log_loss(probability, y))


def _choose_unit(albums: int, by_track: UnitScore, by_album: UnitScore) -> tuple[Unit, str]:
    if albums < MIN_ALBUMS:
        return "track", f"{albums} albums are too few to compare; at least {MIN_ALBUMS} are needed"
    if by_album.log_loss >= by_track.log_loss:
        return "track", "the log loss of album averages is not lower"
    if by_album.macro_f1 < by_track.macro_f1:
        return "track", "the macro F1 of album averages is lower"
    return "album", "the log loss of album averages is lower and macro F1 is not"
