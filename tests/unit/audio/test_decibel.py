"""Decibels equal those of librosa."""

from __future__ import annotations

import librosa
import numpy as np

from catalog.audio.decibel import RANGE, decibels


def test_decibels_are_those_of_librosa() -> None:
    power = np.random.default_rng(1).random((20, 30)).astype(np.float32) ** 8
    np.testing.assert_allclose(decibels(power), librosa.power_to_db(power), rtol=1e-6)


def test_the_range_is_bounded() -> None:
    values = decibels(np.array([1.0, 1e-30], np.float64))
    assert values.tolist() == [0.0, -RANGE]


def test_silence_has_one_value() -> None:
    assert decibels(np.zeros(5)).tolist() == [-100.0] * 5
