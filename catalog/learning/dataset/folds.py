"""Folds: parts of equal mixture of classes, none of which shares a group with another."""

import numpy as np
import numpy.typing as npt

MAXIMUM_FOLDS = 5
ATTEMPTS = 10


def groups_per_class(y: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(classes,): in how many groups each class 0 to max(y) occurs."""
    table = np.unique(np.stack([y, groups], axis=1), axis=0)
    return np.bincount(table[:, 0], minlength=int(y.max()) + 1).astype(np.int64)


def number_of_folds(
    y: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], *, maximum: int = MAXIMUM_FOLDS
) -> int:
    """At most `maximum`, at most the number of groups of the class that has fewest, and at least 2.

    A class that sits in one single group can be learned but never scored, so it does not hold down the others.
    ValueError where all tracks are in one group.
    """
    if np.unique(groups).size < 2:
        raise ValueError("all labeled tracks are connected in one group: no score can keep artists apart")
    counts = groups_per_class(y, groups)
    scored = counts[counts >= 2]
    fewest = int(scored.min()) if scored.size else int(np.unique(groups).size)
    return max(2, min(maximum, fewest))


def stratified_group_folds(
    y: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], folds: int, *, seed: int
) -> npt.NDArray[np.int64]:
    """(n,): the fold of each track, 0 to `folds` - 1.

    Groups are dealt out heaviest first, each to the fold that has least of what it brings: a track weighs by the
    inverse of its class's tracks, so a rare class counts as much as a common one. Ties go to the fold with fewest
    tracks, then to chance by `seed`. Of a few deals the first is taken in which no class with two groups or more
    fell into one fold, which would leave it unknown to the model that is asked for it.
    """
    # scikit-learn's StratifiedGroupKFold deals as evenly, but promises no such thing, and warns of small classes.
    names, group = np.unique(groups, return_inverse=True)
    classes = int(y.max()) + 1
    table = np.zeros((names.size, classes))
    np.add.at(table, (group, y), 1.0)
    scorable = (table > 0).sum(axis=0) >= 2
    generator = np.random.default_rng(seed)
    best, fewest_lost = np.zeros(names.size, dtype=np.int64), classes + 1
    for _ in range(ATTEMPTS):
        dealt = _deal(table, folds, generator)
        present = np.stack([(table[dealt == fold] > 0).any(axis=0) for fold in range(folds)])
        lost = int((present.sum(axis=0) < 2)[scorable].sum())
        if lost < fewest_lost:
            best, fewest_lost = dealt, lost
        if not lost:
            break
    return best[group]


def _deal(
    table: npt.NDArray[np.float64], folds: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(groups,): the fold of each group."""
    totals = np.maximum(table.sum(axis=0), 1.0)
    share = table / totals
    weight = share.max(axis=1) * generator.uniform(0.9, 1.1, len(table))  # so that seeds differ
    held = np.zeros((folds, table.shape[1]))
    tracks = np.zeros(folds)
    dealt = np.zeros(len(table), dtype=np.int64)
    for at in np.argsort(-weight, kind="stable"):
        # The sum of squares of all shares grows by 2 held . share (+ a constant): the flattest deal grows least.
        cost = held @ share[at]
        fold = np.lexsort((generator.random(folds), tracks, cost.round(12)))[0]
        dealt[at] = fold
        held[fold] += share[at]
        tracks[fold] += table[at].sum()
    return dealt
