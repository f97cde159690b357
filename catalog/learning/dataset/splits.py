"""Splits: which tracks a trial learns from and which it is asked about, folds within folds, groups never apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.folds import groups_per_class, number_of_folds, stratified_group_folds

INNER_FOLDS = 3
APART = 1_000
"""Added to the seed, so that what a search chooses by is not dealt as the folds that the model is scored on."""


@dataclass(frozen=True)
class Split:
    """A way to part n tracks, in numbers alone: every process that makes it makes the same."""

    fold: int
    """The tracks that are asked about."""
    left_out: int | None = None
    """The fold that is not there at all; `fold` is then one of the folds of the rest."""
    share: float = 1.0
    """How much of the training part is learned from."""

    def masks(self, y: Integers, groups: Integers, seed: int) -> tuple[Booleans, Booleans]:
        """(n,) and (n,): which tracks are learned from, and which are asked about."""
        outer = outer_folds(y, groups, seed)
        if self.left_out is None:
            training, test = outer != self.fold, outer == self.fold
        else:
            inside = outer != self.left_out
            inner = np.full(len(y), -1, dtype=np.int64)
            inner[inside] = inner_folds(y[inside], groups[inside], seed)
            training, test = inside & (inner != self.fold), inner == self.fold
        if self.share < 1:
            training = _some(training, y, groups, self.share, seed)
        return training, test


def outer_folds(y: Integers, groups: Integers, seed: int) -> Integers:
    """(n,): the fold of each track in a search."""
    return stratified_group_folds(y, groups, number_of_folds(y, groups), seed=_apart(seed))


def inner_folds(y: Integers, groups: Integers, seed: int) -> Integers:
    """(n,): the inner fold of each track of a training part. ValueError where it is one single group."""
    folds = number_of_folds(y, groups, maximum=INNER_FOLDS)
    return stratified_group_folds(y, groups, folds, seed=_apart(seed))


def fewest_groups(y: Integers, groups: Integers) -> int:
    """In how many groups the class occurs that occurs in fewest."""
    counts = groups_per_class(y, groups)
    return int(counts[counts > 0].min())


def _some(training: Booleans, y: Integers, groups: Integers, share: float, seed: int) -> Booleans:
    """A share of the training tracks, by whole groups and of the same mixture: one fold of many."""
    folds = round(1 / share)
    dealt = stratified_group_folds(y[training], groups[training], folds, seed=_apart(seed))
    # With few groups some folds are empty; the fullest one never is.
    chosen = int(np.bincount(dealt, minlength=folds).argmax())
    some = np.zeros(len(y), dtype=np.bool_)
    some[np.flatnonzero(training)[dealt == chosen]] = True
    return some


def _apart(seed: int) -> int:
    return (seed + APART) % 2**32
