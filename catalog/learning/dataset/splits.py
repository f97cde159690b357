"""Nested splits into training and test tracks that keep groups together."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.folds import groups_per_class, number_of_folds, stratified_group_folds

INNER_FOLDS = 3
SEED_OFFSET = 1_000
"""Added to the seed, so that a search does not use the folds that the final model is scored on."""


@dataclass(frozen=True)
class Split:
    """A split of n tracks that every process can reproduce."""

    fold: int
    """The test fold."""
    left_out: int | None = None
    """The outer fold that is excluded; `fold` is then an inner fold of the other tracks."""
    share: float = 1.0
    """The share of the training tracks that is used."""

    def masks(self, y: Integers, groups: Integers, seed: int) -> tuple[Booleans, Booleans]:
        """(n,) and (n,): whether a track is a training track, and whether it is a test track."""
        outer = outer_folds(y, groups, seed)
        if self.left_out is None:
            training, test = outer != self.fold, outer == self.fold
        else:
            inside = outer != self.left_out
            inner = np.full(len(y), -1, dtype=np.int64)
            inner[inside] = inner_folds(y[inside], groups[inside], seed)
            training, test = inside & (inner != self.fold), inner == self.fold
        if self.share < 1:
            training = _subsample(training, y, groups, self.share, seed)
        return training, test


def outer_folds(y: Integers, groups: Integers, seed: int) -> Integers:
    """(n,): the fold of each track in a search."""
    return stratified_group_folds(y, groups, number_of_folds(y, groups), seed=_search_seed(seed))


def inner_folds(y: Integers, groups: Integers, seed: int) -> Integers:
    """(n,): the inner fold of each training track. Raises ValueError if all tracks are in one group."""
    folds = number_of_folds(y, groups, maximum=INNER_FOLDS)
    return stratified_group_folds(y, groups, folds, seed=_search_seed(seed))


def fewest_groups(y: Integers, groups: Integers) -> int:
    """The number of groups of the class that occurs in fewest."""
    counts = groups_per_class(y, groups)
    return int(counts[counts > 0].min())


def _subsample(training: Booleans, y: Integers, groups: Integers, share: float, seed: int) -> Booleans:
    """A share of the training tracks in whole groups with the same class shares: one fold of many."""
    folds = round(1 / share)
    fold = stratified_group_folds(y[training], groups[training], folds, seed=_search_seed(seed))
    # With few groups some folds are empty, but not the largest.
    largest = int(np.bincount(fold, minlength=folds).argmax())
    sample = np.zeros(len(y), dtype=np.bool_)
    sample[np.flatnonzero(training)[fold == largest]] = True
    return sample


def _search_seed(seed: int) -> int:
    return (seed + SEED_OFFSET) % 2**32
