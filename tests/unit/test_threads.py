"""The limit to one thread where numpy was loaded with more."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from catalog.threads import ONE_THREAD, limit_threads, one_thread

LOOK = """
import json
import numpy
from threadpoolctl import threadpool_info
from catalog.threads import one_thread

def threads():
    return [pool["num_threads"] for pool in threadpool_info()]

@one_thread()
def fit():
    return threads()

inside = fit()
print(json.dumps([inside, threads()]))
"""


def look(environment: dict[str, str]) -> tuple[list[int], list[int]]:
    """The threads of every BLAS and OpenMP library during a fit, and after it."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, check=True, capture_output=True, timeout=100
    )
    inside, after = json.loads(done.stdout)
    return inside, after


def test_a_fit_has_one_thread_though_numpy_was_loaded_with_two() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    inside, after = look({**plain, "OMP_NUM_THREADS": "2"})
    assert set(inside) == {1}
    assert len(inside) >= 3  # numpy's BLAS, scipy's BLAS, OpenMP
    if (os.cpu_count() or 1) > 1:
        assert max(after) > 1


def test_the_variables_overrule_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ONE_THREAD:
        monkeypatch.setenv(name, "4")
    limit_threads()
    assert {name: os.environ[name] for name in ONE_THREAD} == ONE_THREAD
    with one_thread():
        assert os.environ["OMP_NUM_THREADS"] == "1"
