import numpy as np
import pytest
from scipy.special import softmax

from catalog.learning.fitting.calibration import (
    Calibration,
    cross_fitted,
    expected_calibration_error,
    fit_calibration,
    perfect_calibration_error,
)


def known_posteriors(count=6000, classes=5, seed=0, sharpness=1.5):
    generator = np.random.default_rng(seed)
    true = softmax(generator.normal(0, sharpness, (count, classes)) + np.linspace(0, 1, classes), axis=1)
    y = (generator.random(count)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    return true, np.minimum(y, classes - 1)


def test_overconfident_probabilities_are_brought_back():
    true, y = known_posteriors()
    overconfident = softmax(3 * np.log(true), axis=1)
    calibration = fit_calibration(overconfident, y)
    assert calibration.slope == pytest.approx(1 / 3, rel=0.08)
    assert expected_calibration_error(overconfident, y) > 0.1
    assert expected_calibration_error(calibration.apply(overconfident), y) < 0.02


def test_a_bias_for_one_class_is_taken_out():
    true, y = known_posteriors()
    tilted = true * np.array([5.0, 1, 1, 1, 1])
    tilted /= tilted.sum(axis=1, keepdims=True)
    calibrated = fit_calibration(tilted, y).apply(tilted)
    assert calibrated[:, 0].mean() == pytest.approx((y == 0).mean(), abs=0.01)
    assert np.abs(calibrated - true).max() < 0.08


def test_with_a_few_tracks_the_bias_hardly_moves():
    true, y = known_posteriors(count=15)
    assert np.abs(fit_calibration(true, y).bias).max() < 0.3


def test_without_tracks_nothing_is_changed():
    calibration = fit_calibration(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))
    probability = np.array([[0.2, 0.3, 0.5]])
    assert calibration.apply(probability) == pytest.approx(probability)


def test_a_probability_of_nought_stays_finite():
    calibrated = Calibration(2.0, np.zeros(2)).apply(np.array([[0.0, 1.0]]))
    assert np.isfinite(calibrated).all()
    assert calibrated.sum() == pytest.approx(1.0)


def test_a_folds_calibration_does_not_look_at_the_fold():
    true, y = known_posteriors(count=900)
    fold = np.arange(900) % 3
    probability = softmax(2 * np.log(true), axis=1)
    calibrated = cross_fitted(probability, y, fold)
    changed = y.copy()
    changed[fold == 0] = (changed[fold == 0] + 1) % 5
    again = cross_fitted(probability, changed, fold)
    assert np.array_equal(calibrated[fold == 0], again[fold == 0])
    assert not np.array_equal(calibrated[fold == 1], again[fold == 1])


def test_the_error_of_20000_tracks_with_known_posteriors_is_small():
    true, y = known_posteriors(count=20_000)
    fold = np.arange(20_000) % 5
    assert expected_calibration_error(cross_fitted(softmax(2.5 * np.log(true), axis=1), y, fold), y) < 0.015


def test_the_error_is_the_gap_between_saying_and_being_right():
    probability = np.tile([0.9, 0.1], (100, 1))
    y = np.array([0] * 60 + [1] * 40)
    assert expected_calibration_error(probability, y, bins=1) == pytest.approx(0.3)
    assert expected_calibration_error(probability[:0], y[:0]) == 0


def test_a_perfect_model_of_a_hundred_tracks_shows_nine_hundredths():
    true, _ = known_posteriors(count=100)
    band = perfect_calibration_error(true)
    assert band.value == pytest.approx(0.09, abs=0.03)
    assert band.low < band.value < band.high
    errors = [expected_calibration_error(*known_posteriors(count=100, seed=seed)) for seed in range(100)]
    assert np.mean(errors) == pytest.approx(band.value, abs=0.015)


def test_the_band_narrows_with_tracks_and_widens_where_they_go_together():
    true, _ = known_posteriors(count=2000)
    assert perfect_calibration_error(true, times=50).high < 0.05
    assert perfect_calibration_error(true, np.arange(2000) // 50, times=50).value > 0.05
    assert perfect_calibration_error(true[:0]).high == 0


def test_one_artist_with_many_tracks_does_not_set_the_bias_alone():
    true, y = known_posteriors(count=1000)
    odd = np.arange(1000) < 500  # one artist, all of whose tracks are tagged as the first class
    y = np.where(odd, 0, y)
    groups = np.where(odd, 0, np.arange(1000))
    by_track, by_group = (fit_calibration(true, y, given).bias[0] for given in (None, groups))
    without = fit_calibration(true[~odd], y[~odd]).bias[0]
    assert without < by_group < by_track / 2


def test_groups_of_one_track_weigh_as_tracks_do():
    true, y = known_posteriors(count=300)
    alone, plain = fit_calibration(true, y, np.arange(300)), fit_calibration(true, y)
    assert alone.slope == pytest.approx(plain.slope)
    assert alone.bias == pytest.approx(plain.bias)
