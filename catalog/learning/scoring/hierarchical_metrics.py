"""Hierarchical precision and recall: Hard Rock for Metal is less wrong than Jazz for Metal."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING


@dataclass(frozen=True, slots=True)
class HierarchicalScore:
    """Shares of 0 to 1; a precision of no answer, a recall of no track, is 0."""

    precision: float
    recall: float
    f1: float


def terms_above(hierarchy: Hierarchy) -> Booleans:
    """(nodes, nodes): for each node itself and every term above it. There is no root among the nodes."""
    above = np.eye(len(hierarchy.nodes), dtype=np.bool_)
    for path in hierarchy.paths:
        for at, node in enumerate(path):
            above[node, list(path[at:])] = True
    return above


def hierarchical_score(node: Integers, y: Integers, hierarchy: Hierarchy) -> HierarchicalScore:
    """Of the answers `node` (n,), positions in the hierarchy's nodes or NOTHING, against the classes `y` (n,).

    Kiritchenko, Matwin, Nock and Famili, "Learning and evaluation in the presence of class hierarchies" (2006): answer
    and class are each taken with all terms above, the root left out; precision is the number of terms in both, summed
    over the tracks, over those answered, recall over those true.
    """
    above = terms_above(hierarchy)
    answered = above[np.maximum(node, 0)] & (node != NOTHING)[:, None]
    true = above[y]
    both, said, are = (int(which.sum()) for which in (answered & true, answered, true))
    return HierarchicalScore(
        precision=both / said if said else 0.0,
        recall=both / are if are else 0.0,
        f1=2 * both / (said + are) if said + are else 0.0,
    )
