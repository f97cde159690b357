"""Scaling of blocks."""

import numpy as np
import pytest

from catalog.learning.classifiers import get_algorithm
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier, block_weights


def test_a_wide_block_does_not_outweigh_a_narrow_one():
    """The class is in two dimensions of a narrow block, beside 800 dimensions of noise."""
    random = np.random.default_rng(1)
    y = np.arange(120) % 2
    X = random.normal(size=(120, 802)).astype(np.float32)
    X[:, :2] += 1.5 * y[:, np.newaxis]
    assert block_weights((2, 800)) ** 2 * (2, 800) == pytest.approx([401, 401])
    accuracy = [
        (_fitted("knn", X[:60], y[:60], blocks).predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean()
        for blocks in ((), (2, 800))
    ]
    assert accuracy[1] > accuracy[0] + 0.1


def _fitted(name, X, y, blocks):
    classifier = get_algorithm(name).over(blocks).build()
    assert isinstance(classifier, SklearnClassifier)
    return classifier.fit(X, y)
