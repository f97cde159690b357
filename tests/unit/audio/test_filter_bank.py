"""Filter banks equal librosa's."""

from __future__ import annotations

import librosa
import numpy as np

from catalog.audio.kernels.filter_bank import MEL_BANDS, cepstrum, mel_bank, pitch_class_bank
from catalog.audio.kernels.spectrum import spectrum


def samples() -> np.ndarray:
    return np.random.default_rng(1).standard_normal(22_050).astype(np.float32)


def test_mel_power() -> None:
    magnitude = np.abs(librosa.stft(samples()))
    expected = librosa.feature.melspectrogram(S=magnitude**2, n_mels=MEL_BANDS)
    np.testing.assert_allclose(mel_bank().power(spectrum(samples()).blocks), expected, rtol=1e-4)


def test_pitch_classes() -> None:
    magnitude = np.abs(librosa.stft(samples()))
    expected = librosa.filters.chroma(sr=22_050, n_fft=2048, tuning=0.1) @ magnitude**2
    power = pitch_class_bank(0.1).power(spectrum(samples()).blocks)
    np.testing.assert_allclose(power, expected, rtol=1e-4)


def test_cepstrum() -> None:
    mel = librosa.power_to_db(mel_bank().power(spectrum(samples()).blocks))
    np.testing.assert_array_equal(cepstrum(mel), librosa.feature.mfcc(S=mel, n_mfcc=20))
