"""Stratified group folds: folds with similar class shares that keep groups apart."""

import numpy as np

from catalog.arrays import Floats, Integers

MAXIMUM_FOLDS = 5
ATTEMPTS = 10


def groups_per_class(y: Integers, groups: Integers) -> Integers:
    """(classes,): the number of groups in which each class 0 to max(y) occurs."""
    table = np.unique(np.stack([y, groups], axis=1), axis=0)
    return np.bincount(table[:, 0], minlength=int(y.max()) + 1).astype(np.int64)


def number_of_folds(y: Integers, groups: Integers, *, maximum: int = MAXIMUM_FOLDS) -> int:
    """At most `maximum`, at most the number of groups of the class that has fewest, and at least 2.

    A class in a single group can be trained on but not scored, so it does not lower the number. Raises ValueError if
    all tracks are in one group.
    """
    if np.unique(groups).size < 2:
        raise ValueError("all labeled tracks are connected in one group, so no split can keep artists apart")
    counts = groups_per_class(y, groups)
    scored = counts[counts >= 2]
    fewest = int(scored.min()) if scored.size else int(np.unique(groups).size)
    return max(2, min(maximum, fewest))


def stratified_group_folds(y: Integers, groups: Integers, folds: int, *, seed: int) -> Integers:
    """(n,): the fold of each track, 0 to `folds` - 1.

    Groups are assigned by descending weight, each to the fold with the smallest share of the group's classes. The
    weight of a track is the inverse of its class's number of tracks, so that rare classes count as much as common
    ones. Ties go to the fold with fewest tracks, then to chance by `seed`. Up to ATTEMPTS assignments are tried. The
    first one that spreads every class with two or more groups over at least two folds is used; otherwise the one that
    confines the fewest classes to one fold.
    """
    # scikit-learn's StratifiedGroupKFold is as even, but may keep a class in one fold, and warns of small classes.
    names, group = np.unique(groups, return_inverse=True)
    classes = int(y.max()) + 1
    table = np.zeros((names.size, classes))
    np.add.at(table, (group, y), 1.0)
    scorable = (table > 0).sum(axis=0) >= 2
    generator = np.random.default_rng(seed)
    best, fewest_lost = np.zeros(names.size, dtype=np.int64), classes + 1
    for _ in range(ATTEMPTS):
        assigned = _assign(table, folds, generator)
        present = np.stack([(table[assigned == fold] > 0).any(axis=0) for fold in range(folds)])
        lost = int((present.sum(axis=0) < 2)[scorable].sum())
        if lost < fewest_lost:
            best, fewest_lost = assigned, lost
        if not lost:
            break
    return best[group]


def _assign(table: Floats, folds: int, generator: np.random.Generator) -> Integers:
    """(groups,): the fold of each group."""
    totals = np.maximum(table.sum(axis=0), 1.0)
    share = table / totals
    weight = share.max(axis=1) * generator.uniform(0.9, 1.1, len(table))  # so that seeds differ
    held = np.zeros((folds, table.shape[1]))
    tracks = np.zeros(folds)
    assigned = np.zeros(len(table), dtype=np.int64)
    for at in np.argsort(-weight, kind="stable"):
        # The sum of squares of all shares grows by 2 held . share (+ a constant): the most even assignment grows least.
        cost = held @ share[at]
        fold = np.lexsort((generator.random(folds), tracks, cost.round(12)))[0]
        assigned[at] = fold
        held[fold] += share[at]
        tracks[fold] += table[at].sum()
    return assigned
