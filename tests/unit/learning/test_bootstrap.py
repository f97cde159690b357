import numpy as np
import pytest

from catalog.learning.metrics.bootstrap import bootstrap_draws, mean_interval


def test_every_draw_takes_as_many_groups_as_there_are():
    parts = list(bootstrap_draws(7, resamples=230, seed=1))
    assert [len(part) for part in parts] == [100, 100, 30]
    assert all((part.sum(axis=1) == 7).all() for part in parts)


def test_the_interval_of_a_mean_is_that_of_single_tracks_where_groups_are_single():
    hits = (np.arange(400) % 4 > 0).astype(float)
    found = mean_interval(hits, np.arange(400))
    assert found.value == pytest.approx(0.75)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert found.low == pytest.approx(0.75 - half, abs=0.01)
    assert found.high == pytest.approx(0.75 + half, abs=0.01)


def test_tracks_that_are_right_together_widen_it():
    hits = np.repeat([0.0, 1.0, 1.0, 1.0], 100)
    single = mean_interval(hits, np.arange(400))
    together = mean_interval(hits, np.arange(400) // 20)
    assert together.high - together.low > 3 * (single.high - single.low)


def test_no_track_has_no_mean():
    with pytest.raises(ValueError, match="no track"):
        mean_interval(np.zeros(0), np.zeros(0, dtype=np.int64))
