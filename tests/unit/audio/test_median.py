import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from catalog.audio.kernels.median import running_median


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 150),
    seed=st.integers(0, 2**32 - 1),
    levels=st.sampled_from([2, 5, 10**6]),
)
def test_the_running_median_is_that_of_scipy_for_every_shape_and_for_ties(rows, columns, seed, levels):
    matrix = np.random.default_rng(seed).integers(0, levels, (rows, columns)).astype(np.float32)
    mirrored = np.pad(matrix, ((15, 15), (0, 0)), mode="symmetric")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(mirrored, 31, axis=0), axis=-1)
    # Of fewer rows than the window has scipy 1.17 now and then makes something else than what it says of `reflect`.
    if rows > 31:
        np.testing.assert_array_equal(median_filter(matrix, size=(31, 1), mode="reflect"), expected)
    np.testing.assert_array_equal(running_median(matrix), expected)
    given_array = np.empty_like(matrix)
    assert running_median(matrix, given_array) is given_array
    np.testing.assert_array_equal(given_array, expected)


@pytest.mark.parametrize("value", [0.0, 1e-45, 3e38])
def test_a_constant_stays(value):
    matrix = np.full((40, 70), value, np.float32)
    np.testing.assert_array_equal(running_median(matrix), matrix)


def test_the_matrix_is_left_alone():
    matrix = np.random.default_rng(0).random((50, 80), np.float32)
    before = matrix.copy()
    running_median(matrix)
    np.testing.assert_array_equal(matrix, before)
