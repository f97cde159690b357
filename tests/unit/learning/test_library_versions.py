"""What a model's results depend on besides data, recipe and seed."""

from __future__ import annotations

import re
from importlib.metadata import version

import numpy as np
from threadpoolctl import threadpool_limits

from catalog.learning.registry.library_versions import library_versions


def test_libraries_blas_threads_and_processor_are_named() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(1):
        versions = library_versions()
    assert versions["numpy"] == version("numpy")
    assert versions["threads"] == "1"
    assert versions["processor"].strip()
    assert any(re.search(r"\d", versions.get(name, "")) for name in ("openblas", "mkl", "blis", "flexiblas"))
