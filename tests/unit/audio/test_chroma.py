"""Chroma and tonnetz equal those of librosa."""

from __future__ import annotations

import librosa
import numpy as np

from catalog.arrays import Float32
from catalog.audio.kernels.chroma import chroma_cens, chroma_cqt, mask_silence, tonnetz


def semitones() -> Float32:
    return (np.random.default_rng(1).random((84, 60)) ** 4).astype(np.float32)


def test_chroma_of_constant_q() -> None:
    expected = librosa.feature.chroma_cqt(C=semitones(), bins_per_octave=12)
    np.testing.assert_allclose(chroma_cqt(semitones()), expected, rtol=1e-5)


def test_cens() -> None:
    expected = librosa.feature.chroma_cens(C=semitones(), bins_per_octave=12)
    np.testing.assert_allclose(chroma_cens(semitones()), expected, atol=1e-6)


def test_tonnetz() -> None:
    chroma = chroma_cens(semitones())
    np.testing.assert_allclose(tonnetz(chroma), librosa.feature.tonnetz(chroma=chroma), atol=1e-6)


def test_silent_frames_are_masked() -> None:
    values = semitones()
    values[:, 10] *= 1e-9
    masked = mask_silence(values)
    assert not masked[:, 10].any()
    np.testing.assert_array_equal(masked[:, 11], values[:, 11])
