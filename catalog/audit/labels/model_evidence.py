"""What the sound says of the classes: the model's word, the artist's tracks together, and second opinions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from catalog.arrays import Float32, Floats, Integers, Matrix
from catalog.audit.labels.out_of_fold_ridge import out_of_fold_probability, plain_folds
from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds
from catalog.learning.dataset.hierarchy import Hierarchy

FLOOR = 0.01  # of a probability: nothing is a thousand times likelier on a model's word
# Weights in units of log odds, of the track by itself and of the mean over its artist's tracks: near those that are best for
# clips of one collection with labels changed on purpose; docs/doubts.md has what they do on another.
SELF = (0.25, 0.45)
LEAKY = (0.25, 0.45)
"""Of a second opinion that may know the artist's other tracks: it tells the one wrong tag among right ones."""
OTHER_SETS = (0.15, 0.25)
"""Of each further feature set, artists apart."""
ARTIST_MEAN = 0.65
"""Of each opinion that does not know the artist, averaged over his tracks, where all of them may be tagged wrongly."""
PLAIN_FOLDS = 10
SEED = 0


@dataclass(frozen=True, eq=False)
class ModelEvidence:
    """Log probabilities of n tracks, weighted and added up over all opinions."""

    alone: Float32
    """(n, classes): for each class by itself, where the track's tag may be wrong for itself."""
    subtree: Float32
    """(n, classes): for each class with those below it."""
    weight: float
    """Of all opinions together: what a logarithm is multiplied by to be compared with `alone` or `subtree`."""
    together: Float32
    """(n, classes): as `alone`, where all of the artist's tags may be wrong: the mean over the artist's tracks, of those
    opinions alone that do not know them."""
    together_subtree: Float32
    together_weight: float
    """Of those opinions together."""
    tracks: Integers
    """(n,): how many tracks that mean is of."""


def combine_opinions(
    probability: Floats,
    y: Integers,
    groups: Integers,
    artists: Sequence[Hashable | None],
    hierarchy: Hierarchy,
    vectors: Matrix | None,
    further: Sequence[Matrix] = (),
) -> ModelEvidence:
    """From the model's out-of-fold probabilities (n, classes), and the vectors of its and of further feature sets.

    Without vectors the model's word, of the track and of its artist's tracks together, is all there is.
    """
    classes = len(hierarchy.classes)
    opinions: list[tuple[tuple[float, float], bool, Floats | Float32]] = [(SELF, True, probability)]
    if len(y) >= PLAIN_FOLDS:
        if vectors is not None:
            folds = plain_folds(len(y), PLAIN_FOLDS, seed=SEED)
            opinions.append((LEAKY, False, out_of_fold_probability(vectors, y, folds, classes)))
        if further and np.unique(groups).size > 1:
            apart = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=SEED)
            opinions += [
                (OTHER_SETS, True, out_of_fold_probability(matrix, y, apart, classes)) for matrix in further
            ]
    below = hierarchy.below[:classes].T.astype(np.float32)
    artist = artist_numbers(artists)
    alone, subtree, together, together_subtree = (
        np.zeros((len(y), classes), dtype=np.float32) for _ in range(4)
    )
    for (by_itself, with_artist), is_apart, opinion in opinions:
        log, log_below = _log(opinion), _log(opinion @ below)
        average, average_below = (_artist_average(each, artist) for each in (log, log_below))
        alone += by_itself * log + with_artist * average
        subtree += by_itself * log_below + with_artist * average_below
        if is_apart:
            together += ARTIST_MEAN * average
            together_subtree += ARTIST_MEAN * average_below
    return ModelEvidence(
        alone,
        subtree,
        sum(sum(weights) for weights, _, _ in opinions),
        together,
        together_subtree,
        ARTIST_MEAN * sum(is_apart for _, is_apart, _ in opinions),
        np.bincount(artist)[artist],
    )


def _log(probability: Floats | Float32) -> Float32:
    return np.asarray(np.log(np.maximum(probability, FLOOR)), dtype=np.float32)


def _artist_average(log: Float32, artist: Integers) -> Float32:
    """(n, classes): for each track the mean over its artist's tracks, itself among them."""
    count = len(artist)
    membership = csr_array((np.ones(count, np.float32), (artist, np.arange(count))))
    mean = (membership @ log) / np.maximum(np.bincount(artist), 1)[:, None]
    return np.asarray(mean[artist], dtype=np.float32)


def artist_numbers(artists: Sequence[Hashable | None]) -> Integers:
    """(n,): a number for each artist; a track of nobody has one for itself."""
    names: dict[Hashable, int] = {}
    keys = ((at, None) if name is None else name for at, name in enumerate(artists))
    return np.array([names.setdefault(key, len(names)) for key in keys], dtype=np.int64)
