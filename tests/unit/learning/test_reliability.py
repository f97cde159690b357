"""The calibration curve."""

import numpy as np

from catalog.learning.metrics.reliability import reliability


def test_a_calibrated_model_lies_in_the_band_and_one_that_boasts_below_it() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1.0, 4_000)
    honest = reliability(confidence, random.random(4_000) < confidence)
    assert sum(row.tracks for row in honest) == 4_000
    assert sum(row.low <= row.right <= row.high for row in honest) >= 8
    assert [row.said for row in honest] == sorted(row.said for row in honest)
    boasting = reliability(confidence, random.random(4_000) < confidence - 0.2)
    assert all(row.right < row.low for row in boasting)


def test_few_tracks_make_few_bins_and_none_make_none() -> None:
    few = reliability(np.array([0.9, 0.4, 0.6]), np.array([True, False, True]))
    assert [(row.tracks, row.right) for row in few] == [(1, 0.0), (1, 1.0), (1, 1.0)]
    assert reliability(np.empty(0), np.empty(0, dtype=np.bool_)) == ()
