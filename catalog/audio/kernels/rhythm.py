"""Rhythm: onset strength, onset rate and tempo."""

from functools import cache

import librosa
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.signal import get_window

from catalog.arrays import Float32
from catalog.audio.kernels.spectrum import FRAME, HOP, SAMPLE_RATE

_WINDOW = int(8.0 * SAMPLE_RATE / HOP)  # frames, 8 s: the period over which a beat is steady
_LIKELIEST, _SPREAD = 120.0, 1.0  # BPM; octaves
_FASTEST = 320.0  # BPM


def onset_strength(mel_decibels: Float32) -> Float32:
    """Rise in level from the frame before, in dB averaged over the mel bands (frames,), never below 0.

    `librosa.onset.onset_strength(S=mel_decibels)` (spectral flux; Böck and Widmer, DAFx 2013, without its maximum
    filter).
    """
    rise = np.maximum(np.diff(mel_decibels, axis=1), 0).mean(axis=0)
    strength = np.zeros(mel_decibels.shape[1], np.float32)
    delay = 1 + FRAME // (2 * HOP)  # one for the difference, and half a frame because frames are centered
    strength[delay:] = rise[: max(0, len(strength) - delay)]
    return strength


def onset_rate(strength: Float32, seconds: float) -> float:
    """Onsets per second."""
    return len(onsets(strength)) / seconds


def onsets(strength: Float32) -> npt.NDArray[np.int64]:
    """The frames of onsets, ascending: `librosa.onset.onset_detect(onset_envelope=strength)`."""
    frames: npt.NDArray[np.int64] = librosa.onset.onset_detect(
        onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP
    )
    return frames


def tempo(strength: Float32) -> float:
    """Tempo in BPM, one of the 335 lags of up to 8 s; 0 if there is no onset.

    `librosa.feature.tempo(onset_envelope=strength)`: autocorrelation of the onset strength under a sliding window,
    each scaled to 1 at lag 0, their mean weighted by a log-normal prior around 120 (Ellis, "Beat tracking by dynamic
    programming", 2007). By linearity the mean is taken of power spectra, in float32, so that one inverse transform
    suffices instead of 1,292. For a strength of 0 throughout librosa returns its prior, 117.5, which is not a tempo.
    """
    if not strength.any():
        return 0.0
    padded = np.pad(strength, _WINDOW // 2, mode="linear_ramp")
    windows = sliding_window_view(padded, _WINDOW)[: len(strength)] * _taper()
    energy = np.einsum("ij,ij->i", windows, windows)
    windows = windows[energy > 0]
    size = fft.next_fast_len(2 * _WINDOW - 1, real=True)
    power = np.square(np.abs(fft.rfft(windows, n=size, axis=1)))
    mean = (power / energy[energy > 0, np.newaxis]).sum(axis=0, dtype=np.float64) / len(strength)
    correlation = fft.irfft(mean, n=size)[:_WINDOW]
    bpm, prior = _prior()
    # Negative values are rounding errors: the taper keeps the strength positive.
    return float(bpm[np.argmax(np.log1p(1e6 * np.maximum(correlation, 0)) + prior)])


@cache
def _taper() -> Float32:
    taper: Float32 = get_window("hann", _WINDOW).astype(np.float32)
    return taper


@cache
def _prior() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """BPM of each lag, and its log prior."""
    bpm = np.full(_WINDOW, np.inf)
    bpm[1:] = 60.0 * SAMPLE_RATE / (HOP * np.arange(1, _WINDOW))
    prior = np.full(_WINDOW, -np.inf)
    is_possible = bpm < _FASTEST
    prior[is_possible] = -0.5 * ((np.log2(bpm[is_possible]) - np.log2(_LIKELIEST)) / _SPREAD) ** 2
    return bpm, prior
