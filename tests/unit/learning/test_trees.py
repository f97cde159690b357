"""Limits of tree ensembles."""

import pytest

from tests.unit.learning.classifier_problem import quick, three_classes


@pytest.mark.parametrize("name", ["random_forest", "bagging"])
def test_each_tree_of_a_large_collection_is_fitted_on_a_part_of_it(name):
    X, y = three_classes(300)
    small, large = (quick(name, {"tracks_a_tree": number}).fit(X, y) for number in (30, 10_000))
    assert small.estimator.max_samples == 30
    assert large.estimator.max_samples == 300
    assert _nodes(small) < _nodes(large)


def _nodes(classifier):
    return sum(tree.tree_.node_count for tree in classifier.estimator.estimators_)
