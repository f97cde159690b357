import numpy as np
import pytest

from catalog.learning.classifiers import LOGISTIC_REGRESSION, UnknownParameterError
from catalog.learning.dataset.feature_matrix import UntrainableDataError
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting import cross_fit as cross_fit_module
from catalog.learning.fitting.abstention import NOTHING, is_correct
from catalog.learning.fitting.calibration import expected_calibration_error
from catalog.learning.fitting.cross_fit import cross_fit

HIERARCHY = Hierarchy.of([11, 12, 13], {11: 1, 12: 1, 13: None})


def collection(artists=30, each=6, dimensions=20, seed=0, artist_share=1.0):
    """Three classes; every artist has a sound of his own beside that of the class."""
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(artists), each)
    y = (groups % 3).astype(np.int64)
    centers = generator.normal(0, 1, (3, dimensions))
    own = generator.normal(0, artist_share, (artists, dimensions))
    X = centers[y] + own[groups] + generator.normal(0, 0.3, (len(y), dimensions))
    return X.astype(np.float32), y, groups


def test_every_track_is_answered_for_by_a_model_that_did_not_know_its_artist():
    X, y, groups = collection()
    result = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    assert result.probability.shape == (180, 3)
    assert result.probability.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(result.choice, result.probability.argmax(axis=1))
    for group in np.unique(groups):
        assert np.unique(result.fold[groups == group]).size == 1
    assert (result.choice == y).mean() > 0.6


def test_labels_without_any_sound_to_them_score_as_chance():
    X, y, groups = collection(artists=60)
    y = np.random.default_rng(1).permutation(60)[groups] % 3
    result = cross_fit(X, y.astype(np.int64), groups, HIERARCHY, LOGISTIC_REGRESSION)
    assert (result.choice == y).mean() < 0.5
    assert expected_calibration_error(result.probability, y) < 0.15


def test_the_tracks_of_a_fold_have_no_influence_on_their_own_probabilities():
    X, y, groups = collection()
    result = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    changed, inside = X.copy(), result.fold == 1
    changed[inside & (y == 0)] *= -3
    again = cross_fit(changed, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    same = inside & (y != 0)
    assert np.allclose(result.probability[same], again.probability[same])
    assert not np.allclose(result.probability[~inside], again.probability[~inside])


def test_the_same_seed_gives_the_same_result():
    X, y, groups = collection()
    first, again = (cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION, seed=5) for _ in range(2))
    assert np.array_equal(first.probability, again.probability)
    assert np.array_equal(first.model.probability(X), again.model.probability(X))


def test_most_answers_are_right_for_unheard_artists():
    X, y, groups = collection(artists=90)
    result = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    answered = result.selections.node != NOTHING
    assert answered.mean() > 0.3
    assert is_correct(result.selections.node, y, HIERARCHY)[answered].mean() > 0.8


def test_the_final_model_answers_for_new_tracks():
    X, y, groups = collection()
    new, truth, _ = collection(seed=0, artist_share=0.5)
    model = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION).model
    probability = model.probability(new)
    assert (probability.argmax(axis=1) == truth).mean() > 0.8
    given = model.select(probability)
    assert set(given.node.tolist()) <= {NOTHING, *range(len(HIERARCHY.nodes))}


def test_of_many_tracks_calibration_is_fitted_on_the_other_folds(monkeypatch):
    X, y, groups = collection()
    nested = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    monkeypatch.setattr(cross_fit_module, "NESTED_UP_TO", 10)
    crossed = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    assert nested.nested
    assert not crossed.nested
    assert (nested.choice == crossed.choice).mean() > 0.95
    assert np.abs(nested.probability - crossed.probability).mean() < 0.1


def test_a_class_that_one_artist_alone_has_is_learned_but_never_recognized_out_of_fold():
    X, y, groups = collection()
    y[groups == 0] = 2
    y[(groups != 0) & (y == 2)] = 1
    result = cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)
    assert not (result.choice[y == 2] == 2).any()
    assert np.isfinite(result.probability).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y, groups: (X, y * 0, groups), "only one class"),
        (lambda X, y, groups: (X[:0], y[:0], groups[:0]), "no labeled track"),
        (lambda X, y, groups: (X[1:], y, groups), "179 vectors"),
        (lambda X, y, groups: (X, y + 1, groups), "outside the 3 classes"),
        (lambda X, y, groups: (np.where(y[:, None] == 1, np.nan, X), y, groups), "60 vectors hold"),
        (lambda X, y, groups: (X, y, groups * 0), "one group"),
    ],
)
def test_input_that_nothing_can_be_learned_from(change, message):
    X, y, groups = change(*collection())
    with pytest.raises((ValueError, UntrainableDataError), match=message):
        cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION)


def test_an_unknown_parameter_is_said_before_the_first_fit():
    X, y, groups = collection()
    with pytest.raises(UnknownParameterError):
        cross_fit(X, y, groups, HIERARCHY, LOGISTIC_REGRESSION, {"depth": 3})
