"""Selective prediction: the threshold below which a broader genre, or none, is predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from catalog.arrays import Booleans, Floats, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.out_of_distribution import BEYOND, ClassDistances

PRECISION = 0.85
CANDIDATES = 100
NOTHING = -1

ALLOWED_LOSSES = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15)
"""Shares of the correct predictions that may be lost to the least resemblance, tried in this order."""
MIN_HELD_BACK = 0.6
"""The target share of tracks per class without a wrong prediction if their class were not in the training set."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least probability of a prediction, and the measurements it was chosen by."""

    value: float | None
    """None: no threshold reaches the precision, and nothing is predicted."""
    target: float
    """The target precision, 0 to 1."""
    precision: float | None
    """The share of correct predictions on the tracks it was chosen on, weighted as there; None without a prediction."""
    coverage: float
    """The share of these tracks with a prediction."""
    reason: str | None = None
    """Why nothing is predicted."""
    resemblance: float | None = None
    """The least resemblance of a prediction, -1 to 1; None if the probability decides alone."""
    held_back: float | None = None
    """On these tracks: the share without a wrong prediction if their class were not in the training set, the mean over
    classes; `held_back_by_probability` is the same by the probability alone."""
    held_back_by_probability: float | None = None


@dataclass(frozen=True, eq=False)
class Selections:
    """The predicted nodes of n tracks."""

    node: Integers
    """(n,): position in the hierarchy's nodes, or NOTHING."""
    probability: Floats
    """(n,): of the node's subtree; 0 if nothing is predicted."""


@dataclass(frozen=True, eq=False)
class _Paths:
    """For each of n tracks the terms from its likeliest class upwards; each array is (n, longest path)."""

    node: Integers
    """After the end of a path its last node is repeated."""
    probability: Floats
    """Of the node's subtree."""
    resemblance: Floats
    """The greatest to a class of the node's subtree; 1 if resemblance is not used."""
    is_step: Booleans
    """False after the end of a path."""

    @classmethod
    def of(cls, probability: Floats, hierarchy: Hierarchy, resemblance: Floats | None) -> _Paths:
        longest = max(len(path) for path in hierarchy.paths)
        padded = np.array(
            [path + (path[-1],) * (longest - len(path)) for path in hierarchy.paths], dtype=np.int64
        )
        length = np.array([len(path) for path in hierarchy.paths])
        first = probability.argmax(axis=1)
        node = padded[first]
        greatest = np.ones(node.shape)
        if resemblance is not None:
            of_node = np.stack([resemblance[:, below].max(axis=1) for below in hierarchy.below], axis=1)
            greatest = np.take_along_axis(of_node, node, axis=1)
        return cls(
            node=node,
            probability=np.take_along_axis(hierarchy.subtree_probability(probability), node, axis=1),
            resemblance=greatest,
            is_step=np.arange(longest) < length[first][:, None],
        )

    def steps(self, threshold: float, least: float | None) -> tuple[Booleans, Integers]:
        """(n,) whether there is a prediction, and (n,) the first step of the path that reaches both limits."""
        reaches = self.is_step & (self.probability >= threshold)
        if least is not None:
            reaches &= self.resemblance >= least
        return np.asarray(reaches.any(axis=1)), np.asarray(reaches.argmax(axis=1), dtype=np.int64)


def select_nodes(
    probability: Floats,
    hierarchy: Hierarchy,
    threshold: float | None,
    *,
    resemblance: Floats | None = None,
    least: float | None = None,
) -> Selections:
    """The likeliest class if its subtree's probability reaches the threshold, else the nearest broader term whose
    probability does, else nothing.

    With `resemblance` (n, classes) the subtree must also hold a class that the track resembles by `least`.
    """
    count = len(probability)
    node, confidence = np.full(count, NOTHING, dtype=np.int64), np.zeros(count)
    if threshold is None or not count:
        return Selections(node, confidence)
    paths = _Paths.of(probability, hierarchy, resemblance)
    is_selected, step = paths.steps(threshold, None if resemblance is None else least)
    at = np.flatnonzero(is_selected)
    node[at] = paths.node[at, step[at]]
    confidence[at] = paths.probability[at, step[at]]
    return Selections(node, confidence)


def withhold(selections: Selections, mask: Booleans) -> Selections:
    """The selections without those of the tracks where `mask` (n,) is True, such as speech and silence."""
    return Selections(np.where(mask, NOTHING, selections.node), np.where(mask, 0.0, selections.probability))


def is_correct(node: Integers, y: Integers, hierarchy: Hierarchy) -> Booleans:
    """(n,): whether the node is the class `y` or a term above it; False for NOTHING."""
    return np.asarray((node != NOTHING) & hierarchy.below[np.maximum(node, 0), y])


def choose_threshold(
    probability: Floats,
    y: Integers,
    hierarchy: Hierarchy,
    *,
    groups: Integers | None = None,
    precision: float = PRECISION,
    resemblance: ClassDistances | None = None,
) -> Threshold:
    """The lowest threshold at which the share of correct predictions is at least `precision`.

    A broader genre counts as correct.

    `probability` (n, classes) must be out of fold, `y` (n,) holds the true classes. With `groups` (n,) the weight of a
    group is the square root of its number of tracks: a compromise between weighting tracks and weighting artists, so
    that one artist with fifty tracks, easy or mislabeled, does not decide for all. One wrong prediction is added to
    those counted, so that three lucky ones do not set a threshold. If no threshold reaches the precision, its value is
    None.

    With `resemblance`, a minimum resemblance is chosen first. ALLOWED_LOSSES lists shares of correct top classes that
    may be lost; they are tried in order. For each class the test is: if the class were missing from the training set,
    would at least MIN_HELD_BACK of its tracks get no wrong prediction? The first share that passes for all classes is
    used; if no share passes, the last one.
    """
    if not 0.0 < precision <= 1.0:
        raise ValueError(f"the target precision must be above 0 and at most 1, not {precision}")
    if not len(y):
        return Threshold(None, precision, None, 0.0, "there was no track to choose a threshold by")
    weight = np.ones(len(y))
    if groups is not None:
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(sizes[group])
    paths = _Paths.of(probability, hierarchy, None if resemblance is None else resemblance.known)
    plain = _lowest(paths, y, hierarchy, weight, precision, None)
    is_first_correct = probability.argmax(axis=1) == y
    if resemblance is None or plain.value is None:
        return plain
    own = resemblance.known[is_first_correct, y[is_first_correct]]
    own = own[own > BEYOND]
    if not len(own):
        return plain
    outsiders = _Paths.of(_without_own_class(probability, y), hierarchy, resemblance.left_out)
    chosen = replace(plain, held_back=float(_held_back(outsiders, y, hierarchy, plain).mean()))
    by_probability = chosen.held_back
    for loss in ALLOWED_LOSSES:
        candidate = _lowest(paths, y, hierarchy, weight, precision, float(np.quantile(own, loss)))
        if candidate.value is None:
            continue
        held_back = _held_back(outsiders, y, hierarchy, candidate)
        chosen = replace(candidate, held_back=float(held_back.mean()))
        if held_back.min() >= MIN_HELD_BACK:
            break
    return replace(chosen, held_back_by_probability=by_probability)


def _lowest(
    paths: _Paths, y: Integers, hierarchy: Hierarchy, weight: Floats, precision: float, least: float | None
) -> Threshold:
    """The lowest threshold with the precision among the predictions that reach the least resemblance."""
    hit = hierarchy.below[paths.node, y[:, None]]
    best = 0.0
    levels = np.quantile(paths.probability[paths.is_step], np.linspace(0.0, 1.0, CANDIDATES), method="lower")
    for level in np.unique(levels):
        is_selected, step = paths.steps(float(level), least)
        correct = is_selected & hit[np.arange(len(y)), step]
        selected_weight, correct_weight = float(weight @ is_selected), float(weight @ correct)
        if not selected_weight:
            break
        best = max(best, correct_weight / selected_weight)
        if correct_weight / (selected_weight + (precision < 1.0)) >= precision:
            return Threshold(
                float(level),
                precision,
                correct_weight / selected_weight,
                float(is_selected.mean()),
                resemblance=least,
            )
    reason = f"no threshold reaches a precision of {precision:.0%}; the best is {best:.0%}"
    return Threshold(None, precision, None, 0.0, reason)


def _without_own_class(probability: Floats, y: Integers) -> Floats:
    """(n, classes): the probabilities if each track's own class were not in the training set."""
    others = probability.copy()
    others[np.arange(len(y)), y] = 0.0
    return np.asarray(others / np.maximum(others.sum(axis=1, keepdims=True), 1e-12))


def _held_back(outsiders: _Paths, y: Integers, hierarchy: Hierarchy, threshold: Threshold) -> Floats:
    """(classes that occur,): the share of tracks of each with no prediction, or with a term above their class."""
    assert threshold.value is not None, "there is a threshold"
    is_selected, step = outsiders.steps(threshold.value, threshold.resemblance)
    wrong = is_selected & ~hierarchy.below[outsiders.node[np.arange(len(y)), step], y]
    tracks = np.bincount(y)
    return np.asarray(1.0 - np.bincount(y, weights=wrong)[tracks > 0] / tracks[tracks > 0])


def cross_fitted_selections(
    probability: Floats,
    y: Integers,
    fold: Integers,
    hierarchy: Hierarchy,
    *,
    groups: Integers | None = None,
    precision: float = PRECISION,
    resemblance: ClassDistances | None = None,
) -> Selections:
    """Each fold's selections by the threshold and the least resemblance chosen on the other folds."""
    node, confidence = np.full(len(y), NOTHING, dtype=np.int64), np.zeros(len(y))
    for number in np.unique(fold):
        inside = fold == number
        chosen = choose_threshold(
            probability[~inside],
            y[~inside],
            hierarchy,
            groups=None if groups is None else groups[~inside],
            precision=precision,
            resemblance=None if resemblance is None else resemblance.of(~inside),
        )
        selections = select_nodes(
            probability[inside],
            hierarchy,
            chosen.value,
            resemblance=None if resemblance is None else resemblance.known[inside],
            least=chosen.resemblance,
        )
        node[inside], confidence[inside] = selections.node, selections.probability
    return Selections(node, confidence)
