"""Evidence of the model: its predictions, those of the artist's tracks together, and second opinions."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from catalog.arrays import Booleans, Float32, Floats, Integers
from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo
from catalog.audit.labels.out_of_fold_ridge import out_of_fold_probability, plain_folds
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds

FLOOR = 0.01  # of a probability: bounds the log odds of a single opinion
# Weights in units of log odds, of the track and of the mean over its artist's tracks: close to the best ones for clips
# of one collection with injected label errors; docs/doubts.md has the results on another collection.
SELF = (0.25, 0.45)
LEAKY = (0.25, 0.45)
"""Of a second opinion from folds that do not separate artists: it finds the one wrong tag among an artist's right ones.
"""
OTHER_SETS = (0.15, 0.25)
"""Of each further feature set, with artists separated."""
ARTIST_MEAN = 0.65
"""Of each opinion with artists separated, averaged over the artist's tracks, if all of their tags may be wrong."""
PLAIN_FOLDS = 10
SEED = 0


@dataclass(frozen=True, eq=False)
class ModelEvidence:
    """Log probabilities of n tracks, the weighted sum of all opinions."""

    alone: Float32
    """(n, classes): for each class alone, if only this track's tag may be wrong."""
    subtree: Float32
    """(n, classes): for each class with the classes below it."""
    weight: float
    """Sum of the weights of all opinions: the factor of a logarithm in `alone` and `subtree`."""
    together: Float32
    """(n, classes): as `alone`, if all of the artist's tags may be wrong: the mean over the artist's tracks of the
    opinions with artists separated."""
    together_subtree: Float32
    together_weight: float
    """Sum of the weights of those opinions."""
    tracks: Integers
    """(n,): the number of tracks in that mean."""


def combine_evidence(audited: AuditedTracks, genres: GenreInfo) -> ModelEvidence:
    """The weighted sum of all opinions: the model's out-of-fold probabilities, and the vectors of all feature sets.

    Without vectors there are only the model's predictions, of the track and of its artist's tracks together.
    """
    y, groups, hierarchy = audited.y, audited.groups, genres.hierarchy
    classes = len(hierarchy.classes)
    opinions: list[tuple[tuple[float, float], bool, Floats | Float32]] = [(SELF, True, audited.probability)]
    if len(y) >= PLAIN_FOLDS:
        if audited.vectors is not None:
            folds = plain_folds(len(y), PLAIN_FOLDS, seed=SEED)
            opinions.append((LEAKY, False, out_of_fold_probability(audited.vectors, y, folds, classes)))
        if audited.further and np.unique(groups).size > 1:
            separated = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=SEED)
            opinions += [
                (OTHER_SETS, True, out_of_fold_probability(matrix, y, separated, classes))
                for matrix in audited.further
            ]
    below = hierarchy.below[:classes].T.astype(np.float32)
    artist = artist_numbers(audited.artists)
    alone, subtree, together, together_subtree = (
        np.zeros((len(y), classes), dtype=np.float32) for _ in range(4)
    )
    for (own_weight, artist_weight), is_separated, opinion in opinions:
        log, log_below = _log(opinion), _log(opinion @ below)
        average, average_below = (_artist_average(each, artist) for each in (log, log_below))
        alone += own_weight * log + artist_weight * average
        subtree += own_weight * log_below + artist_weight * average_below
        if is_separated:
            together += ARTIST_MEAN * average
            together_subtree += ARTIST_MEAN * average_below
    return ModelEvidence(
        alone,
        subtree,
        sum(sum(weights) for weights, _, _ in opinions),
        together,
        together_subtree,
        ARTIST_MEAN * sum(is_separated for _, is_separated, _ in opinions),
        np.bincount(artist)[artist],
    )


def _log(probability: Floats | Float32) -> Float32:
    return np.asarray(np.log(np.maximum(probability, FLOOR)), dtype=np.float32)


def _artist_average(log: Float32, artist: Integers) -> Float32:
    """(n, classes): for each track the mean over its artist's tracks, including itself."""
    count = len(artist)
    membership = csr_array((np.ones(count, np.float32), (artist, np.arange(count))))
    mean = (membership @ log) / np.maximum(np.bincount(artist), 1)[:, None]
    return np.asarray(mean[artist], dtype=np.float32)


def artist_numbers(artists: Sequence[Hashable | None]) -> Integers:
    """(n,): a number for each artist; a track without a known artist has its own."""
    names: dict[Hashable, int] = {}
    keys = ((at, None) if name is None else name for at, name in enumerate(artists))
    return np.array([names.setdefault(key, len(names)) for key in keys], dtype=np.int64)


def class_separation(probability: Floats, y: Integers, groups: Integers) -> Floats:
    """(classes,): 0 if the model does not separate the class from the others, 1 if it always does.

    From out-of-fold probabilities (n, classes), columns y (n,) and groups (n,): twice the area under the ROC curve of
    the class's probability, less 1, at least 0. Each group has the same weight in a class, whatever its number of
    tracks. Otherwise an artist with most of a class would dominate it: a distinctive sound would make the class look
    well separated, and a model that does not recognize the artist would make all their tracks look wrong.
    """
    classes = probability.shape[1]
    auc = np.zeros(classes)
    for column in range(classes):
        inside = y == column
        _, part, sizes = np.unique(groups * 2 + inside, return_inverse=True, return_counts=True)
        auc[column] = 2 * _area(probability[:, column], inside, 1.0 / sizes[part]) - 1
    return np.clip(auc, 0.0, 1.0)


def _area(score: Floats, inside: Booleans, weight: Floats) -> float:
    """The weighted share of (inside, outside) pairs whose inside score is higher; ties count half."""
    if inside.all() or not inside.any():
        return 0.5
    _, place = np.unique(score, return_inverse=True)
    positive, negative = (np.bincount(place, weight * side) for side in (inside, ~inside))
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))
