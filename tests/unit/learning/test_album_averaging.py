import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.album_averaging import ALONE, album_units, average_by_unit
from catalog.learning.fitting.album_score import album_score


def test_an_album_of_several_artists_is_several_units():
    units = album_units([1, 1, 1, 1, 2, None, None, 3, 3], ["a", "a", "b", "b", "a", "a", "a", None, None])
    assert units[0] == units[1] != units[2] == units[3]
    assert (units[4:7] == ALONE).all()
    assert units[7] == units[8] != ALONE
    assert album_units([], []).size == 0


def test_means_by_hand():
    probability = np.array([[0.8, 0.2], [0.2, 0.8], [0.6, 0.4]])
    unit = np.array([0, 0, ALONE])
    assert average_by_unit(probability, unit, "arithmetic") == pytest.approx(
        np.array([[0.5, 0.5]] * 2 + [[0.6, 0.4]])
    )
    sharp = np.array([[0.9, 0.1], [0.6, 0.4]])
    ratio = np.sqrt(9 * 1.5)
    assert average_by_unit(sharp, np.array([3, 3]), "geometric")[1] == pytest.approx(
        [ratio / (1 + ratio), 1 / (1 + ratio)]
    )


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=20), st.sampled_from(["arithmetic", "geometric"]))
def test_rows_stay_probabilities_and_units_agree(unit, mean):
    unit = np.array(unit)
    probability = np.random.default_rng(0).dirichlet(np.ones(3), len(unit))
    result = average_by_unit(probability, unit, mean)
    assert result.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(result[unit == ALONE], probability[unit == ALONE])
    for one in set(unit.tolist()) - {ALONE}:
        assert np.ptp(result[unit == one], axis=0).max() == pytest.approx(0, abs=1e-12)


def noisy(albums, each, spread, seed=0):
    generator = np.random.default_rng(seed)
    y = np.repeat(generator.integers(0, 3, albums), each)
    scores = 1.5 * np.eye(3)[y] + generator.normal(0, spread, (len(y), 3))
    probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return probability, y, np.repeat(np.arange(albums), each)


HIERARCHY = Hierarchy.of([1, 2, 3], {})


def test_albums_are_taken_where_they_are_better():
    probability, y, unit = noisy(40, 6, spread=1.5)
    found = album_score(probability, y, unit, unit, HIERARCHY)
    assert found.unit == "album"
    assert found.by_album is not None
    assert found.by_track is not None
    assert found.by_album.accuracy > found.by_track.accuracy
    assert found.threshold is not None


def test_albums_of_mixed_genres_are_not():
    probability, y, unit = noisy(40, 6, spread=0.5)
    mixed = np.random.default_rng(1).permutation(unit)
    found = album_score(probability, y, mixed, mixed, HIERARCHY)
    assert (found.unit, found.albums, found.tracks) == ("track", 40, 240)
    assert "log loss" in found.reason


def test_few_albums_or_none_decide_nothing():
    probability, y, unit = noisy(5, 6, spread=1.5)
    assert (
        album_score(probability, y, unit, unit, HIERARCHY).reason
        == "5 albums are too few to compare; at least 10 are needed"
    )
    alone = np.full(len(y), ALONE)
    found = album_score(probability, y, alone, unit, HIERARCHY)
    assert (found.unit, found.by_track) == ("track", None)
