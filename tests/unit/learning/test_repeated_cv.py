import numpy as np

from catalog.learning.classifiers import LOGISTIC_REGRESSION
from catalog.learning.scoring import repeated_cv
from tests.unit.learning.test_cross_fit import collection


def test_folds_are_dealt_anew_and_artists_stay_apart():
    X, y, groups = collection(artist_share=3.0)
    found = repeated_cv.repeated_cv_choices(X, y, groups, 3, LOGISTIC_REGRESSION)
    assert found.shape == (4, 180)
    assert not np.array_equal(found[0], found[1])
    again = repeated_cv.repeated_cv_choices(X, y, groups, 3, LOGISTIC_REGRESSION)
    assert np.array_equal(found, again)


def test_random_folds_flatter_where_classes_are_artists():
    X, y, groups = collection(artists=60, dimensions=120)
    y = (np.random.default_rng(1).permutation(60)[groups] % 3).astype(
        np.int64
    )  # nothing but artists to learn
    honest = repeated_cv.repeated_cv_choices(X, y, groups, 3, LOGISTIC_REGRESSION)
    flattered = repeated_cv.random_fold_choices(X, y, groups, 3, LOGISTIC_REGRESSION)
    assert (honest == y).mean() < 0.5
    assert flattered is not None
    assert (flattered == y).mean() > 0.8


def test_of_many_tracks_folds_are_dealt_once(monkeypatch):
    X, y, groups = collection()
    monkeypatch.setattr(repeated_cv, "SEEDS_UP_TO", 100)
    monkeypatch.setattr(repeated_cv, "RANDOM_UP_TO", 100)
    assert repeated_cv.repeated_cv_choices(X, y, groups, 3, LOGISTIC_REGRESSION).shape == (0, 180)
    assert repeated_cv.random_fold_choices(X, y, groups, 3, LOGISTIC_REGRESSION) is None
