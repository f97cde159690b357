"""The threshold: how sure a model must be before it answers, and answering with a broader term below it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from catalog.arrays import Booleans, Floats, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.out_of_distribution import BEYOND, ClassDistances

PRECISION = 0.85
CANDIDATES = 100
NOTHING = -1

GIVEN_UP = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15)
"""Shares of the right answers that may be given up for the least resemblance, tried from the first."""
HELD_BACK = 0.6
"""Of the tracks of every class so many ought to get no wrong answer where their class is not known."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least probability of an answer, and what it was chosen by."""

    value: float | None
    """None: no threshold reaches the precision, and nothing is answered."""
    wanted: float
    """The share of answers that ought to be right, 0 to 1."""
    precision: float | None
    """The share of answers that were right, where it was chosen, weighted as there; None without an answer."""
    answered: float
    """The share of tracks answered there."""
    reason: str | None = None
    """In words why nothing is answered."""
    resemblance: float | None = None
    """The least resemblance of an answer, -1 to 1; None where the probability decides alone."""
    held_back: float | None = None
    """Where it was chosen: the share of tracks that would get no wrong answer if their class were not known, the mean
    over classes; by the probability alone `held_back_by_probability`."""
    held_back_by_probability: float | None = None


@dataclass(frozen=True, eq=False)
class Selections:
    """What a model answers for n tracks."""

    node: Integers
    """(n,): position in the hierarchy's nodes, or NOTHING."""
    probability: Floats
    """(n,): of the answer's subtree; 0 where nothing is answered."""


@dataclass(frozen=True, eq=False)
class _Paths:
    """For each of n tracks the terms from its first choice upwards; each array is (n, longest path)."""

    node: Integers
    """Beyond a path's end its last node again."""
    probability: Floats
    """Of the node's subtree."""
    resemblance: Floats
    """The greatest to a class of the node's subtree; 1 where it is not asked for."""
    is_step: Booleans
    """False beyond a path's end."""

    @classmethod
    def of(cls, probability: Floats, hierarchy: Hierarchy, resemblance: Floats | None) -> _Paths:
        longest = max(len(path) for path in hierarchy.paths)
        padded = np.array(
            [path + (path[-1],) * (longest - len(path)) for path in hierarchy.paths], dtype=np.int64
        )
        length = np.array([len(path) for path in hierarchy.paths])
        first = probability.argmax(axis=1)
        node = padded[first]
        alike = np.ones(node.shape)
        if resemblance is not None:
            of_node = np.stack([resemblance[:, below].max(axis=1) for below in hierarchy.below], axis=1)
            alike = np.take_along_axis(of_node, node, axis=1)
        return cls(
            node=node,
            probability=np.take_along_axis(hierarchy.subtree_probability(probability), node, axis=1),
            resemblance=alike,
            is_step=np.arange(longest) < length[first][:, None],
        )

    def steps(self, threshold: float, least: float | None) -> tuple[Booleans, Integers]:
        """(n,) whether anything is answered, and (n,) at which step of the path: the first that reaches both."""
        reaches = self.is_step & (self.probability >= threshold)
        if least is not None:
            reaches &= self.resemblance >= least
        return np.asarray(reaches.any(axis=1)), np.asarray(reaches.argmax(axis=1), dtype=np.int64)


def answers(
    probability: Floats,
    hierarchy: Hierarchy,
    threshold: float | None,
    *,
    resemblance: Floats | None = None,
    least: float | None = None,
) -> Selections:
    """The first choice where its subtree's probability reaches the threshold, else the nearest broader term's
    that does, else nothing.

    With `resemblance` (n, classes) an answer's subtree must also hold a class that the track resembles by `least`.
    """
    count = len(probability)
    node, confidence = np.full(count, NOTHING, dtype=np.int64), np.zeros(count)
    if threshold is None or not count:
        return Selections(node, confidence)
    paths = _Paths.of(probability, hierarchy, resemblance)
    answered, step = paths.steps(threshold, None if resemblance is None else least)
    at = np.flatnonzero(answered)
    node[at] = paths.node[at, step[at]]
    confidence[at] = paths.probability[at, step[at]]
    return Selections(node, confidence)


def is_withheld(given: Selections, without: npt.NDArray[np.bool_]) -> Selections:
    """The answers without those where `without` (n,) is True: speech, silence, what nobody asked about."""
    return Selections(np.where(without, NOTHING, given.node), np.where(without, 0.0, given.probability))


def is_correct(node: Integers, y: Integers, hierarchy: Hierarchy) -> npt.NDArray[np.bool_]:
    """(n,): whether the answer is the class `y` or a term above it; False for no answer."""
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
    """The lowest threshold by which `precision` of the answers, broader ones included, are right.

    `probability` (n, classes) must be out of fold, `y` (n,) holds the true classes. With `groups` (n,) a group weighs
    the square root of its tracks: who asks is between "a track of an artist not heard before" and "an artist not heard
    before", and one artist with fifty tracks, easy or wrongly tagged, must not decide for all. One wrong answer is
    added to those counted, so that three lucky ones do not make a threshold. Where none reaches the precision: a
    threshold without value.

    With `resemblance` a least one is chosen first: so high that of each class, were it not known, HELD_BACK of the
    tracks would get no wrong answer, but no higher than costs the last share of GIVEN_UP of the right first choices.
    """
    if not 0.0 < precision <= 1.0:
        raise ValueError(f"the precision wanted lies above 0 and is at most 1, not {precision}")
    if not len(y):
        return Threshold(None, precision, None, 0.0, "there was no track to choose a threshold by")
    weight = np.ones(len(y))
    if groups is not None:
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(sizes[group])
    known = None if resemblance is None else resemblance.known
    paths = _Paths.of(probability, hierarchy, known)
    plain = _lowest(paths, y, hierarchy, weight, precision, None)
    first_is_right = probability.argmax(axis=1) == y
    if resemblance is None or plain.value is None:
        return plain
    own = resemblance.known[first_is_right, y[first_is_right]]
    own = own[own > BEYOND]
    if not len(own):
        return plain
    outsiders = _Paths.of(_without_own_class(probability, y), hierarchy, resemblance.left_out)
    chosen = replace(plain, held_back=float(_held_back(outsiders, y, hierarchy, plain).mean()))
    by_probability = chosen.held_back
    for share in GIVEN_UP:
        found = _lowest(paths, y, hierarchy, weight, precision, float(np.quantile(own, share)))
        if found.value is None:
            continue
        held_back = _held_back(outsiders, y, hierarchy, found)
        chosen = replace(found, held_back=float(held_back.mean()))
        if held_back.min() >= HELD_BACK:
            break
    return replace(chosen, held_back_by_probability=by_probability)


def _lowest(
    paths: _Paths, y: Integers, hierarchy: Hierarchy, weight: Floats, precision: float, least: float | None
) -> Threshold:
    """The lowest threshold with the precision among the answers that reach the least resemblance."""
    hit = hierarchy.below[paths.node, y[:, None]]
    best = 0.0
    levels = np.quantile(paths.probability[paths.is_step], np.linspace(0.0, 1.0, CANDIDATES), method="lower")
    for level in np.unique(levels):
        answered, step = paths.steps(float(level), least)
        good = answered & hit[np.arange(len(y)), step]
        given, rights = float(weight @ answered), float(weight @ good)
        if not given:
            break
        best = max(best, rights / given)
        if rights / (given + (precision < 1.0)) >= precision:
            return Threshold(
                float(level), precision, rights / given, float(answered.mean()), resemblance=least
            )
    reason = f"no threshold makes {precision:.0%} of the answers right; the best makes {best:.0%}"
    return Threshold(None, precision, None, 0.0, reason)


def _without_own_class(probability: Floats, y: Integers) -> Floats:
    """(n, classes): the probabilities as they were if each track's own class were not known."""
    others = probability.copy()
    others[np.arange(len(y)), y] = 0.0
    return np.asarray(others / np.maximum(others.sum(axis=1, keepdims=True), 1e-12))


def _held_back(outsiders: _Paths, y: Integers, hierarchy: Hierarchy, threshold: Threshold) -> Floats:
    """(classes that occur,): the share of tracks of each that get no answer, or a term above their class."""
    assert threshold.value is not None, "there is a threshold"
    answered, step = outsiders.steps(threshold.value, threshold.resemblance)
    wrong = answered & ~hierarchy.below[outsiders.node[np.arange(len(y)), step], y]
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
    """Each fold's answers by the threshold, and the least resemblance, chosen on the other folds."""
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
        given = answers(
            probability[inside],
            hierarchy,
            chosen.value,
            resemblance=None if resemblance is None else resemblance.known[inside],
            least=chosen.resemblance,
        )
        node[inside], confidence[inside] = given.node, given.probability
    return Selections(node, confidence)
