"""The zero-crossing rate equals that of librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from catalog.audio.kernels.zero_crossings import zero_crossing_rate


@pytest.mark.parametrize("length", [11_025, 22_050, 30_000])
def test_the_rate_is_that_of_librosa(length: int) -> None:
    samples = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    samples[length // 3 : length // 2] = 0
    expected = librosa.feature.zero_crossing_rate(samples)[0]
    np.testing.assert_allclose(zero_crossing_rate(samples), expected, atol=1e-7)


def test_silence_has_no_crossings() -> None:
    assert not zero_crossing_rate(np.zeros(22_050, np.float32)).any()
