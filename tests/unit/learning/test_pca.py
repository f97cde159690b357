"""Principal components: the same as scikit-learn's, how many are kept, and a classifier that sees only its fold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA

from catalog.learning.classifiers import LOGISTIC_REGRESSION
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting import pca as projections
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel, cross_fit
from catalog.learning.fitting.pca import ProjectedClassifier, components_for, fit_projection, with_projection
from catalog.learning.registry.artifact import load_artifact, save_artifact


def cloud(tracks=60, dimensions=100, rank=5, noise=0.01, seed=0):
    random = np.random.default_rng(seed)
    shapes = random.normal(size=(rank, dimensions)) * np.linspace(3, 1, rank)[:, np.newaxis]
    return (
        7 + random.normal(size=(tracks, rank)) @ shapes + noise * random.normal(size=(tracks, dimensions))
    ).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 100), (200, 30)])
def test_components_are_those_of_scikit_learn(shape):
    X = cloud(*shape)
    found = fit_projection(X, 0.97)
    theirs = PCA(n_components=len(found.components), svd_solver="full").fit(X)
    np.testing.assert_allclose(
        np.abs(found.components @ theirs.components_.T), np.eye(len(found.components)), atol=2e-3
    )
    np.testing.assert_allclose(
        found.curve[: len(found.components)], theirs.explained_variance_ratio_.cumsum(), atol=1e-5
    )
    np.testing.assert_allclose(
        found.components @ found.components.T, np.eye(len(found.components)), atol=1e-5
    )
    restored = found.restore(found.apply(X))
    lost = np.square(X - restored).sum() / np.square(X - X.mean(axis=0)).sum()
    assert lost == pytest.approx(1 - found.curve[len(found.components) - 1], abs=1e-4)


def test_as_many_as_hold_the_share_but_at_most_a_quarter_of_the_tracks():
    X = cloud(noise=0)
    assert len(fit_projection(X, 0.999999).components) == 5
    assert len(fit_projection(X, 0.3).components) < 3
    noise = np.random.default_rng(1).normal(size=(40, 300)).astype(np.float32)
    found = fit_projection(noise)
    assert len(found.components) == 10
    assert components_for(found.curve, 0.97) > 10


@settings(deadline=None, max_examples=40)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 12), st.integers(1, 12)),
        elements=st.floats(-100, 100, width=32),
    )
)
def test_no_vectors_give_anything_but_numbers(X):
    found = fit_projection(X)
    assert 1 <= len(found.components) <= max(1, len(X) // 4)
    assert np.isfinite(found.components).all()
    assert np.isfinite(found.apply(X)).all()
    assert (np.diff(found.curve) >= -1e-9).all()


def test_of_many_tracks_some_are_drawn_the_same_each_time(monkeypatch):
    monkeypatch.setattr(projections, "MOST_TRACKS", 50)
    X = cloud(tracks=120)
    once, again = fit_projection(X), fit_projection(X)
    assert once.tracks == 50
    np.testing.assert_array_equal(once.components, again.components)


def test_a_fold_knows_nothing_of_what_was_left_out(monkeypatch):
    fitted_to = []

    def spied(X, variance):
        fitted_to.append(len(X))
        return fit_projection(X, variance)

    monkeypatch.setattr(projections, "fit_projection", spied)
    random = np.random.default_rng(3)
    y = np.repeat([0, 1], 30)
    X = (random.normal(size=(60, 80)) + 4 * y[:, np.newaxis] * (np.arange(80) < 3)).astype(np.float32)
    found = cross_fit(
        X,
        y,
        np.arange(60) // 3,
        Hierarchy.of((1, 2), {1: None, 2: None}),
        with_projection(LOGISTIC_REGRESSION),
        {"C": 1.0},
    )
    assert (found.choice == y).mean() > 0.9
    # All tracks once, for the model; less in every fold and in the folds within it.
    assert fitted_to.count(60) == 1
    assert max(each for each in fitted_to if each != 60) <= 54


def test_a_model_behind_a_projection_comes_back_from_its_file(tmp_path):
    random = np.random.default_rng(4)
    X, y = random.normal(size=(40, 20)).astype(np.float32), np.arange(40) % 2
    classifier = ProjectedClassifier(LOGISTIC_REGRESSION.build(), 0.9).fit(X, y)
    model = FittedModel(
        classifier,
        Calibration.identity(2),
        Threshold(0.5, 0.85, 1.0, 40),
        Hierarchy.of((1, 2), {1: None, 2: None}),
    )
    name, digest = save_artifact(tmp_path, model)
    loaded = load_artifact(tmp_path, name, digest)
    np.testing.assert_array_equal(loaded.probability(X), model.probability(X))
    assert isinstance(loaded.classifier, ProjectedClassifier)
    assert loaded.classifier.variance == 0.9
