import numpy as np
from numba.core import caching

from catalog.audio.jit import jit


def test_a_kernel_works_where_machine_code_can_be_kept_nowhere(monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])

    @jit
    def twice(values):
        return values * 2

    np.testing.assert_array_equal(twice(np.arange(3)), [0, 2, 4])


def test_dividing_by_nothing_raises_nothing():
    @jit
    def inverse(value):
        return 1.0 / value

    assert inverse(0.0) == np.inf
