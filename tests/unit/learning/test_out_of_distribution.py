import numpy as np
import pytest

from catalog.learning.classifiers import get_algorithm
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import MIN_HELD_BACK, NOTHING, is_correct
from catalog.learning.fitting.cross_fit import cross_fit
from catalog.learning.fitting.out_of_distribution import BEYOND, MOST_DIMENSIONS, fit_mahalanobis_space

CLASSES, DIMENSIONS = 5, 40


def collection(artists=60, each=4, classes=CLASSES, seed=0):
    """Classes around centers of their own, and artists with a sound of theirs along other directions."""
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(artists), each)
    y = (groups % classes).astype(np.int64)
    centers = np.random.default_rng(99).normal(0, 1.0, (classes, DIMENSIONS))
    own = generator.normal(0, 1.0, (artists, DIMENSIONS)) * np.linspace(0.2, 1.5, DIMENSIONS)
    X = centers[y] + own[groups] + generator.normal(0, 0.4, (len(y), DIMENSIONS))
    return X.astype(np.float32), y, groups


def test_tracks_resemble_their_own_class_most():
    X, y, _ = collection()
    new, truth, _ = collection(seed=1)
    alike = fit_mahalanobis_space(X, y, CLASSES).resemblance(new)
    assert alike.shape == (len(new), CLASSES)
    assert np.abs(alike).max() <= 1 + 1e-6
    assert (alike.argmax(axis=1) == truth).mean() > 0.95


def test_without_its_class_a_track_is_seen_as_by_a_space_that_never_had_it():
    X, y, _ = collection()
    others = fit_mahalanobis_space(X, y, CLASSES).resemblance_to_others(X, y)
    never = fit_mahalanobis_space(X[y != 2], y[y != 2], CLASSES)
    assert (others[y == 2][:, 2] == -1).all()
    assert (never.resemblance(X)[:, 2] == -1).all()
    rest = [0, 1, 3, 4]
    # The covariance within classes still knows the class; the mean of all tracks does not.
    assert others[y == 2][:, rest] == pytest.approx(never.resemblance(X[y == 2])[:, rest], abs=0.2)


def test_units_do_not_matter():
    X, y, _ = collection()
    stretched = X * np.geomspace(1e-3, 1e3, DIMENSIONS).astype(np.float32)
    plain = fit_mahalanobis_space(X, y, CLASSES).resemblance(X)
    assert fit_mahalanobis_space(stretched, y, CLASSES).resemblance(stretched) == pytest.approx(
        plain, abs=0.01
    )


def test_a_dimension_that_never_varies_and_one_track_a_class_do_no_harm():
    X, y, _ = collection()
    X[:, 3] = 7.0
    assert np.isfinite(fit_mahalanobis_space(X, y, CLASSES).resemblance(X)).all()
    assert np.isfinite(fit_mahalanobis_space(X[:CLASSES], y[:CLASSES], CLASSES).resemblance(X)).all()


def test_very_long_vectors_are_projected_first():
    generator = np.random.default_rng(2)
    y = np.repeat([0, 1], 60)
    X = generator.normal(0, 1, (120, MOST_DIMENSIONS + 50)).astype(np.float32)
    X[:, :200] += 2.0 * y[:, None]
    space = fit_mahalanobis_space(X, y, 2)
    assert space.whitening.shape[1] <= 120 // 4
    assert (space.resemblance(X).argmax(axis=1) == y).mean() > 0.95


@pytest.fixture(scope="module")
def without_each_class():
    """For each class left out: its tracks, the cross-fit of the others, and their classes."""
    X, y, groups = collection()
    found = []
    for out in range(CLASSES):
        inside = y != out
        renumbered = np.unique(y[inside], return_inverse=True)[1].astype(np.int64)
        found.append((X[~inside], fitted(X[inside], renumbered, groups[inside]), renumbered))
    return found


def fitted(X, y, groups, **options):
    hierarchy = Hierarchy.of(range(int(y.max()) + 1), {})
    return cross_fit(X, y, groups, hierarchy, get_algorithm("logistic_regression"), **options)


def unknown(model, X):
    return float((model.select(model.probability(X), model.resemblance(X)).node == NOTHING).mean())


def test_a_class_left_out_is_unknown(without_each_class):
    assert min(unknown(fit.model, outsiders) for outsiders, fit, _ in without_each_class) >= 0.5


def test_what_is_answered_inside_is_right_and_most_is_answered(without_each_class):
    for _, fit, y in without_each_class:
        answered = fit.selections.node != NOTHING
        assert is_correct(fit.selections.node, y, fit.model.hierarchy)[answered].mean() >= 0.85
        assert answered.mean() > 0.75


def test_the_threshold_says_what_the_least_resemblance_is_good_for(without_each_class):
    for _, fit, _ in without_each_class:
        threshold = fit.model.threshold
        assert threshold.resemblance is not None
        assert threshold.held_back >= MIN_HELD_BACK
        assert threshold.held_back >= threshold.held_back_by_probability


def test_what_only_a_direction_tells_that_no_class_uses_is_unknown_however_sure_the_classifier_is():
    X, y, groups = collection()
    outsiders = X[y == 0].copy()
    outsiders[:, 0] += 6.0  # artists differ least in this direction
    X[:, 0] -= X[:, 0].mean()
    for column in range(CLASSES):
        X[y == column, 0] -= X[y == column, 0].mean()
    plain = fitted(X, y, groups, novelty=False).model
    assert plain.novelty is None
    assert plain.threshold.resemblance is None
    assert unknown(plain, outsiders) < 0.2
    assert unknown(fitted(X, y, groups).model, outsiders) > 0.8


def test_what_lies_farther_out_than_any_music_known_resembles_nothing():
    X, y, groups = collection()
    model = fitted(X, y, groups).model
    outsiders = X[y == 0] + 3 * (
        X[y == 0] - X.mean(axis=0)
    )  # in the direction of their class, but far beyond it
    assert (model.probability(outsiders).argmax(axis=1) == 0).mean() > 0.9
    assert (model.resemblance(outsiders) == BEYOND).all(axis=1).mean() > 0.9
    assert (model.resemblance(X) == BEYOND).all(axis=1).mean() < 0.1
    assert unknown(model, outsiders) > 0.9


def test_a_track_is_judged_by_spaces_that_have_not_heard_its_artist():
    X, y, groups = collection()
    plain = fitted(X, y, groups)
    together = plain.fold == plain.fold[groups == 7][0]
    moved = X.copy()
    moved[groups == 7] *= -1
    again = fitted(moved, y, groups)
    rest = together & (groups != 7)
    assert rest.any()
    for one, other in (
        (plain.resemblance.known, again.resemblance.known),
        (plain.resemblance.left_out, again.resemblance.left_out),
    ):
        within = rest & (one > BEYOND).any(axis=1) & (other > BEYOND).any(axis=1)
        assert within.sum() > 0.8 * rest.sum()
        assert np.array_equal(one[within], other[within])
        assert not np.allclose(one[~together], other[~together], atol=0.01)


def test_the_first_feature_set_alone_tells_what_resembles_a_class():
    X, y, groups = collection()
    noise = np.random.default_rng(4).normal(size=(len(X), 7)).astype(X.dtype)
    both = np.hstack([X, noise])
    hierarchy = Hierarchy.of(range(CLASSES), {})
    wide = get_algorithm("logistic_regression").over((X.shape[1], 7))
    model = cross_fit(both, y, groups, hierarchy, wide).model
    resemblance = model.resemblance(both)
    other_noise = model.resemblance(np.hstack([X, noise[::-1]]))
    assert resemblance is not None
    assert other_noise is not None
    assert np.array_equal(resemblance, other_noise)
    inside = (resemblance > BEYOND).all(axis=1)
    alike = fit_mahalanobis_space(X, y, CLASSES).resemblance(X)
    assert inside.mean() > 0.9
    assert resemblance[inside] == pytest.approx(alike[inside], abs=1e-5)
