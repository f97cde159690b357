"""The algorithm of a training recipe."""

import numpy as np

from catalog.learning.classifiers.local_per_parent import LocalClassifiers
from catalog.learning.fitting.pca import ProjectedClassifier
from catalog.learning.fitting.training_recipe import TrainingRecipe
from tests.unit.learning.classifier_problem import three_classes


def test_projection_and_local_classifiers_are_part_of_the_algorithm():
    chains = ((1, -1), (1, -2), (2, -3))
    recipe = TrainingRecipe("logistic_regression", {"C": 0.1}, {"variance": 0.9}, (12,), chains)
    classifier = recipe.full_algorithm.build(recipe.parameters)
    assert isinstance(classifier, ProjectedClassifier)
    assert isinstance(classifier.classifier, LocalClassifiers)
    X, y = three_classes()
    probability = classifier.fit(X, y, np.arange(90) // 3).predict_proba(X)
    assert probability.shape == (90, 3)


def test_a_plain_recipe_has_blocks():
    recipe = TrainingRecipe("logistic_regression", {}, None, (4, 8))
    assert recipe.full_algorithm.blocks == (4, 8)
    assert recipe.full_algorithm.name == "logistic_regression"
