import numpy as np

from catalog.learning.metrics.baselines import artist_majority, majority_class


def test_the_majority_class_is_that_of_the_other_folds():
    y = np.array([0, 0, 0, 1, 1])
    fold = np.array([0, 0, 0, 1, 1])
    assert majority_class(y, fold).tolist() == [1, 1, 1, 0, 0]


def test_the_artists_other_tracks_are_copied_and_not_the_track_itself():
    y = np.array([0, 0, 1, 2, 2, 2])
    artists = ["a", "a", "a", "b", None, None]
    # a's third track has two others tagged 0; b has none, so the commonest of all others; nobody likewise
    assert artist_majority(y, artists).tolist() == [0, 0, 0, 0, 0, 0]
    assert artist_majority(np.array([0, 1, 1, 1]), ["a", "a", None, None]).tolist() == [1, 0, 1, 1]
