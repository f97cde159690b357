"""The one short-time Fourier spectrum that all families of `summary` are taken from."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.signal import get_window

from catalog.audio.compiled import compiled
from catalog.audio.feature_set import Float32

SAMPLE_RATE = 22_050
FRAME = 2048  # samples under one window, `n_fft`
HOP = 512  # samples from one frame to the next
BINS = FRAME // 2 + 1
_BLOCK = 64  # frames transformed at once: half a megabyte, which stays in the cache of a core


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Magnitudes of the centred frames of a clip, Hann window, silence (zeros) before and after it.

    `magnitude` is (1025 bins, frames), bin k at k * 22050 / 2048 Hz; `by_frame` is the same, (frames, bins): what
    slides along time is quick in the one, what sums along frequency in the other. A full-scale sine has a magnitude
    of about 512.
    """

    magnitude: Float32
    by_frame: Float32

    @property
    def frames(self) -> int:
        return len(self.by_frame)


def frame_count(samples: int) -> int:
    """How many centred frames so many samples give."""
    return 1 + samples // HOP


def spectrum(samples: Float32) -> Spectrum:
    """The magnitude spectrum of mono samples: `abs(librosa.stft(samples))`, but in float32 throughout.

    librosa multiplies by a float64 window and transforms in float64 before it rounds; the difference is at most
    1e-6 of the largest magnitude of a frame.
    """
    padded = np.pad(samples, FRAME // 2)
    frames = sliding_window_view(padded, FRAME)[::HOP]
    count = len(frames)
    result = Spectrum(np.empty((BINS, count), np.float32), np.empty((count, BINS), np.float32))
    windowed = np.empty((min(_BLOCK, count), FRAME), np.float32)
    for start in range(0, count, _BLOCK):
        block = frames[start : start + _BLOCK]
        np.multiply(block, _window(), out=windowed[: len(block)])
        _magnitudes(fft.rfft(windowed[: len(block)], axis=1), start, result.magnitude, result.by_frame)
    return result


@cache
def _window() -> Float32:
    window: Float32 = get_window("hann", FRAME).astype(np.float32)
    return window


@compiled
def _magnitudes(block: np.ndarray, start: int, magnitude: Float32, by_frame: Float32) -> None:
    frames, bins = block.shape
    for frame in range(frames):
        row = by_frame[start + frame]
        for k in range(bins):
            value = block[frame, k]
            row[k] = np.sqrt(value.real * value.real + value.imag * value.imag)
    for k in range(bins):
        for frame in range(frames):
            magnitude[k, start + frame] = by_frame[start + frame, k]
