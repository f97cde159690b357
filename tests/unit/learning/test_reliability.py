"""The calibration curve."""

import numpy as np

from catalog.learning.metrics.reliability import reliability


def test_a_calibrated_model_lies_in_the_band_and_an_overconfident_one_below_it() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1.0, 4_000)
    calibrated = reliability(confidence, random.random(4_000) < confidence)
    assert sum(row.tracks for row in calibrated) == 4_000
    assert sum(row.low <= row.accuracy <= row.high for row in calibrated) >= 8
    assert [row.mean_probability for row in calibrated] == sorted(row.mean_probability for row in calibrated)
    overconfident = reliability(confidence, random.random(4_000) < confidence - 0.2)
    assert all(row.accuracy < row.low for row in overconfident)


def test_few_tracks_make_few_bins_and_none_make_none() -> None:
    few = reliability(np.array([0.9, 0.4, 0.6]), np.array([True, False, True]))
    assert [(row.tracks, row.accuracy) for row in few] == [(1, 0.0), (1, 1.0), (1, 1.0)]
    assert reliability(np.empty(0), np.empty(0, dtype=np.bool_)) == ()
