"""The threshold: how sure a model must be before it answers, and answering with a broader term below it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.learning.hierarchy import Hierarchy

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PRECISION = 0.85
CANDIDATES = 100
NOTHING = -1


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


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model answers for n tracks."""

    node: Integers
    """(n,): position in the hierarchy's nodes, or NOTHING."""
    probability: Floats
    """(n,): of the answer's subtree; 0 where nothing is answered."""


def answers(probability: Floats, hierarchy: Hierarchy, threshold: float | None) -> Answers:
    """The first choice where its subtree's probability reaches the threshold, else the nearest broader term's
    that does, else nothing.
    """
    count = len(probability)
    node, confidence = np.full(count, NOTHING, dtype=np.int64), np.zeros(count)
    if threshold is None or not count:
        return Answers(node, confidence)
    sums, path, deep = _along_paths(probability, hierarchy)
    reaches = (sums >= threshold) & deep
    step = reaches.argmax(axis=1)
    answered = np.flatnonzero(reaches.any(axis=1))
    node[answered] = path[answered, step[answered]]
    confidence[answered] = sums[answered, step[answered]]
    return Answers(node, confidence)


def withheld(given: Answers, without: npt.NDArray[np.bool_]) -> Answers:
    """The answers without those where `without` (n,) is True: speech, silence, what nobody asked about."""
    return Answers(np.where(without, NOTHING, given.node), np.where(without, 0.0, given.probability))


def right(node: Integers, y: Integers, hierarchy: Hierarchy) -> npt.NDArray[np.bool_]:
    """(n,): whether the answer is the class `y` or a term above it; False for no answer."""
    return np.asarray((node != NOTHING) & hierarchy.below[np.maximum(node, 0), y])


def choose_threshold(
    probability: Floats,
    y: Integers,
    hierarchy: Hierarchy,
    *,
    groups: Integers | None = None,
    precision: float = PRECISION,
) -> Threshold:
    """The lowest threshold by which `precision` of the answers, broader ones included, are right.

    `probability` (n, classes) must be out of fold, `y` (n,) holds the true classes. With `groups` (n,) a group weighs
    the square root of its tracks: who asks is between "a track of an artist not heard before" and "an artist not heard
    before", and one artist with fifty tracks, easy or wrongly tagged, must not decide for all. One wrong answer is
    added to those counted, so that three lucky ones do not make a threshold. Where none reaches the precision: a
    threshold without value.
    """
    if not 0.0 < precision <= 1.0:
        raise ValueError(f"the precision wanted lies above 0 and is at most 1, not {precision}")
    count = len(y)
    if not count:
        return Threshold(None, precision, None, 0.0, "there was no track to choose a threshold by")
    weight = np.ones(count)
    if groups is not None:
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(sizes[group])
    sums, path, deep = _along_paths(probability, hierarchy)
    hit = hierarchy.below[path, y[:, None]]
    best = 0.0
    for level in np.unique(np.quantile(sums[deep], np.linspace(0.0, 1.0, CANDIDATES), method="lower")):
        reaches = (sums >= level) & deep
        answered = reaches.any(axis=1)
        good = answered & hit[np.arange(count), reaches.argmax(axis=1)]
        given, rights = float(weight @ answered), float(weight @ good)
        best = max(best, rights / given)
        if rights / (given + (precision < 1.0)) >= precision:
            return Threshold(float(level), precision, rights / given, float(answered.mean()))
    reason = f"no threshold makes {precision:.0%} of the answers right; the best makes {best:.0%}"
    return Threshold(None, precision, None, 0.0, reason)


def cross_fitted_answers(
    probability: Floats,
    y: Integers,
    fold: Integers,
    hierarchy: Hierarchy,
    *,
    groups: Integers | None = None,
    precision: float = PRECISION,
) -> Answers:
    """Each fold's answers by the threshold chosen on the other folds."""
    node, confidence = np.full(len(y), NOTHING, dtype=np.int64), np.zeros(len(y))
    for number in np.unique(fold):
        inside = fold == number
        chosen = choose_threshold(
            probability[~inside],
            y[~inside],
            hierarchy,
            groups=None if groups is None else groups[~inside],
            precision=precision,
        )
        given = answers(probability[inside], hierarchy, chosen.value)
        node[inside], confidence[inside] = given.node, given.probability
    return Answers(node, confidence)


def _along_paths(probability: Floats, hierarchy: Hierarchy) -> tuple[Floats, Integers, npt.NDArray[np.bool_]]:
    """For each track, from its first choice upwards: subtree probabilities, nodes, and where the path has ended.

    Each (n, longest path); beyond a path's end the nodes repeat its last and the third is False.
    """
    longest = max(len(path) for path in hierarchy.paths)
    padded = np.array(
        [path + (path[-1],) * (longest - len(path)) for path in hierarchy.paths], dtype=np.int64
    )
    length = np.array([len(path) for path in hierarchy.paths])
    first = probability.argmax(axis=1)
    path = padded[first]
    sums = np.take_along_axis(hierarchy.subtree_probability(probability), path, axis=1)
    return sums, path, np.arange(longest) < length[first][:, None]
