import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from catalog.audio.feature_sets.summary import STATISTICS as NAMES
from catalog.audio.kernels.pooling import STATISTICS, summary_statistics


def test_the_recipe_names_the_statistics_in_their_order():
    assert NAMES == STATISTICS


@pytest.mark.parametrize("frames", [1, 2, 15, 16, 17, 1292])
def test_each_statistic_is_that_of_numpy_and_scipy(frames):
    rows = (np.random.default_rng(0).gamma(2.0, size=(9, frames)) * 100 - 7).astype(np.float32)
    exact = rows.astype(np.float64)
    found = dict(zip(STATISTICS, summary_statistics(rows), strict=True))
    expected = {
        "mean": exact.mean(axis=1),
        "median": np.median(rows, axis=1),
        "std": exact.std(axis=1),
        "min": rows.min(axis=1),
        "max": rows.max(axis=1),
    }
    if frames > 1:
        expected |= {"kurtosis": stats.kurtosis(exact, axis=1), "skew": stats.skew(exact, axis=1)}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("value", [0.0, 1.0, -100.0, 0.1, 1e30])
def test_a_constant_row_has_neither_kurtosis_nor_skew(value):
    found = dict(
        zip(STATISTICS, summary_statistics(np.full((1, 1000), value, np.float32))[:, 0], strict=True)
    )
    assert found["kurtosis"] == found["skew"] == 0
    assert found["mean"] == found["median"] == found["min"] == found["max"] == np.float32(value)


@settings(deadline=None)
@given(arrays(np.float32, (3, 21), elements=st.floats(-(2.0**80), 2.0**80, width=32)))
def test_no_finite_rows_give_anything_but_numbers_in_order(rows):
    found = dict(zip(STATISTICS, summary_statistics(rows), strict=True))
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["min"] <= found["median"]).all()
    assert (found["median"] <= found["max"]).all()
