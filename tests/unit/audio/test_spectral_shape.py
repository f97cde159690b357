"""Centroid, bandwidth, roll-off, level and contrast equal librosa's."""

from __future__ import annotations

import librosa
import numpy as np

from catalog.audio.kernels.spectral_shape import spectral_contrast, spectral_shape
from catalog.audio.kernels.spectrum import spectrum


def samples() -> np.ndarray:
    return np.random.default_rng(1).standard_normal(22_050).astype(np.float32)


def test_shape_is_that_of_librosa() -> None:
    magnitude = np.abs(librosa.stft(samples()))
    shape = spectral_shape(spectrum(samples()).blocks)
    np.testing.assert_allclose(shape.centroid, librosa.feature.spectral_centroid(S=magnitude)[0], rtol=1e-4)
    np.testing.assert_allclose(shape.bandwidth, librosa.feature.spectral_bandwidth(S=magnitude)[0], rtol=1e-4)
    np.testing.assert_allclose(shape.roll_off, librosa.feature.spectral_rolloff(S=magnitude)[0], rtol=1e-6)
    np.testing.assert_allclose(shape.level, librosa.feature.rms(S=magnitude)[0], rtol=1e-4)


def test_contrast_is_that_of_librosa() -> None:
    magnitude = np.abs(librosa.stft(samples()))
    expected = librosa.feature.spectral_contrast(S=magnitude)
    np.testing.assert_allclose(spectral_contrast(spectrum(samples()).blocks), expected, atol=1e-3)


def test_silence_has_no_shape() -> None:
    shape = spectral_shape(spectrum(np.zeros(22_050, np.float32)).blocks)
    assert not shape.centroid.any()
    assert not shape.bandwidth.any()
