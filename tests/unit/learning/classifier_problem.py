"""A small classification problem, and classifiers that are quick to fit."""

import numpy as np

from catalog.learning.classifiers import get_algorithm

QUICK: dict[str, dict[str, object]] = {
    "random_forest": {"trees": 30},
    "bagging": {"trees": 10},
    "adaboost": {"trees": 10},
    "gradient_boosting": {"rounds": 10, "max_features": 1.0},
    "neural_network": {"units": 16, "alpha": 0.01},
    "svm": {"C": 1.0},
}
"""Fewer trees and rounds, where they make the suite quicker."""


def three_classes(count=90, dimensions=12, seed=0):
    generator = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int64) % 3
    centers = generator.normal(0, 3, (3, dimensions))
    scale = np.geomspace(1e-3, 1e3, dimensions)
    return ((centers[y] + generator.normal(0, 1, (count, dimensions))) * scale).astype(np.float32), y


def quick(name, parameters=None, *, seed=0, blocks=()):
    return get_algorithm(name).over(blocks).build(QUICK.get(name, {}) | (parameters or {}), seed=seed)
