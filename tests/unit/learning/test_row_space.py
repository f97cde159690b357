"""Fitting in the row space."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from catalog.learning.classifiers import get_algorithm
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier


def test_the_row_space_gives_the_same_coefficients() -> None:
    """As plain scikit-learn fits them, to its tolerance, with one coefficient per dimension."""
    random = np.random.default_rng(2)
    y = np.repeat([0, 1, 2], 14)
    X = (random.normal(size=(42, 200)) * np.linspace(2, 0.1, 200)).astype(np.float32)
    X[:, :3] += np.eye(3)[y] * 2
    classifier = get_algorithm("logistic_regression").build({"C": 0.1})
    classifier.fit(X, y)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    plain = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000).fit(scaled, y)
    assert isinstance(classifier, SklearnClassifier)
    fitted = classifier.estimator
    assert fitted.coef_.shape == (3, 200)
    assert (fitted.n_features_in_, fitted.coef_.dtype) == (200, np.float32)
    assert np.abs(fitted.coef_ - plain.coef_).max() < 0.01 * np.abs(plain.coef_).max()
    others = random.normal(size=(50, 200)).astype(np.float32)
    expected = plain.predict_proba((others - X.mean(axis=0)) / X.std(axis=0))
    assert np.abs(classifier.predict_proba(others) - expected).max() < 0.002
