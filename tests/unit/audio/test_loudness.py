"""RMS level in dBFS."""

from __future__ import annotations

import math

import numpy as np
import pytest

from catalog.audio.loudness import BLOCK, loudness


def test_a_square_wave_is_zero_and_a_sine_three_decibels_lower() -> None:
    time = np.arange(10 * BLOCK)
    square = np.where(time % 2, 1, -1).astype(np.float32)
    sine = np.sin(2 * np.pi * time / 64).astype(np.float32)
    assert loudness(square) == pytest.approx(0)
    assert loudness(sine) == pytest.approx(-3.0103, abs=1e-3)


def test_parts_count_by_their_length() -> None:
    loud, silent = np.ones(100, np.float32), np.zeros(300, np.float32)
    assert loudness(loud, silent) == pytest.approx(10 * math.log10(0.25))


def test_silence_is_minus_infinity() -> None:
    assert loudness(np.zeros(10, np.float32)) == -math.inf
    assert loudness() == -math.inf
