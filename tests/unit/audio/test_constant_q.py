"""The constant-Q transform agrees with librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from catalog.audio.kernels.constant_q import OCTAVES, SEMITONES, constant_q


@pytest.mark.parametrize("tuning", [0.0, 0.25])
def test_magnitudes_are_those_of_librosa(tuning: float) -> None:
    time = np.arange(44_100) / 22_050
    samples = sum(np.sin(2 * np.pi * pitch * time) for pitch in (110, 440, 1318.5)).astype(np.float32)
    magnitudes = constant_q(samples, tuning)
    expected = np.abs(librosa.cqt(samples, bins_per_octave=12, n_bins=84, tuning=tuning))
    assert magnitudes.shape == expected.shape == (OCTAVES * SEMITONES, expected.shape[1])
    np.testing.assert_allclose(magnitudes, expected, atol=0.01 * expected.max())


def test_a_tone_is_loudest_in_its_semitone() -> None:
    time = np.arange(44_100) / 22_050
    magnitudes = constant_q(np.sin(2 * np.pi * 440 * time).astype(np.float32), 0.0)
    assert magnitudes.mean(axis=1).argmax() == 45  # A4 is 45 semitones above C1
