"""Hierarchical precision and recall: a prediction close to the true class costs less than a distant one."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING


@dataclass(frozen=True, slots=True)
class HierarchicalScore:
    """0 to 1. Precision without a prediction and recall without a track are 0."""

    precision: float
    recall: float
    f1: float


def ancestor_matrix(hierarchy: Hierarchy) -> Booleans:
    """(nodes, nodes): row i marks node i and its ancestors. The root is not a node."""
    ancestors = np.eye(len(hierarchy.nodes), dtype=np.bool_)
    for path in hierarchy.paths:
        for at, node in enumerate(path):
            ancestors[node, list(path[at:])] = True
    return ancestors


def hierarchical_score(node: Integers, y: Integers, hierarchy: Hierarchy) -> HierarchicalScore:
    """The score of predictions `node` (n,), positions in the hierarchy's nodes or NOTHING, for the classes `y` (n,).

    Kiritchenko, Matwin, Nock and Famili, "Learning and evaluation in the presence of class hierarchies" (2006):
    prediction and class are each extended by their ancestors without the root. Precision is the number of terms in both
    sets, summed over the tracks, divided by the predicted terms; recall is the same divided by the true terms.
    """
    ancestors = ancestor_matrix(hierarchy)
    predicted = ancestors[np.maximum(node, 0)] & (node != NOTHING)[:, None]
    true = ancestors[y]
    common, predictions, truths = (int(terms.sum()) for terms in (predicted & true, predicted, true))
    return HierarchicalScore(
        precision=common / predictions if predictions else 0.0,
        recall=common / truths if truths else 0.0,
        f1=2 * common / (predictions + truths) if predictions + truths else 0.0,
    )
