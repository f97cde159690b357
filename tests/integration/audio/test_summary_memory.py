"""Page faults of the summary, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="page faults are counted as on Linux")
def test_a_clip_reuses_the_memory_of_the_previous_one() -> None:
    code = """
import platform, resource, numpy as np
from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.summary import SUMMARY
samples = Waveform(np.random.default_rng(0).standard_normal(30 * 22050).astype(np.float32), 22050)
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    SUMMARY.compute(samples)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults if platform.libc_ver()[0] == "glibc" else 0)
"""
    assert int(subprocess.check_output([sys.executable, "-c", code], text=True)) < 1000
