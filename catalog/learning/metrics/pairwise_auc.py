"""Separation: how well two genres are told apart, with what other artists might have changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Floats, Integers


@dataclass(frozen=True, eq=False)
class PairwiseAuc:
    """Of each two tracks, one of each genre, how often the right one is nearer to its genre: by the groups of both.

    That share is the area under the ROC curve (Mann and Whitney, 1947): 0.5 is chance, 1 is without a fault.
    """

    groups: tuple[Integers, Integers]
    """Numbers of the groups with a track of the one genre, and of those with a track of the other."""
    tracks: tuple[Floats, Floats]
    """How many tracks each of these groups has."""
    wins: Floats
    """(groups, groups): pairs of tracks that are the right way round, a tie counting half; the mean over the times."""

    @property
    def area(self) -> float:
        """Over all tracks."""
        return float(self.wins.sum() / (self.tracks[0].sum() * self.tracks[1].sum()))

    def drawn(self, weights: Floats) -> Floats:
        """(m,): the same where each group counts as often as weights (m, groups) say; NaN where a genre is not drawn."""
        mine, theirs = (weights[:, groups] for groups in self.groups)
        pairs = (mine @ self.tracks[0]) * (theirs @ self.tracks[1])
        wins = ((mine @ self.wins) * theirs).sum(axis=1)
        return np.asarray(np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))


def pairwise_auc(y: Integers, group: Integers, probability: Floats, one: int, other: int) -> PairwiseAuc:
    """How well two classes of `y` (n,) are told apart by probabilities (times, n, classes).

    What counts is the share that the one class has of the probability of both. `group` (n,) are numbers from 0.
    """
    said = probability[:, :, [one, other]]
    share = said[:, :, 0] / np.maximum(said.sum(axis=2), np.finfo(np.float64).tiny)
    mine, theirs = np.flatnonzero(y == one), np.flatnonzero(y == other)
    wins = np.zeros((len(mine), len(theirs)))
    for shares in share:
        wins += np.heaviside(shares[mine, None] - shares[None, theirs], 0.5)
    rows, columns = (np.unique(group[at], return_counts=True) for at in (mine, theirs))
    table = _summed(_summed(wins, group[mine]).T, group[theirs]).T / len(share)
    return PairwiseAuc(
        (rows[0], columns[0]), (rows[1].astype(np.float64), columns[1].astype(np.float64)), table
    )


def _summed(table: Floats, group: Integers) -> Floats:
    """(groups, ...): the rows of each group together, groups ascending."""
    order = np.argsort(group, kind="stable")
    _, starts = np.unique(group[order], return_index=True)
    return np.asarray(np.add.reduceat(table[order], starts, axis=0))
