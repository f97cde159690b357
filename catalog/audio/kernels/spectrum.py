"""The short-time Fourier transform that all feature groups of `summary` share."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.signal import get_window

from catalog.arrays import Float32
from catalog.audio.kernels.blocked_spectrum import FrameBlocks

SAMPLE_RATE = 22_050
FRAME = 2048  # samples under one window, `n_fft`
HOP = 512  # samples from one frame to the next
BINS = FRAME // 2 + 1
_BLOCK = 32  # frames per FFT call: half a megabyte, which fits the cache of a core


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Magnitudes of the centered frames of a clip, Hann window, silence (zeros) before and after it.

    Bin k lies at k * 22050 / 2048 Hz; a full-scale sine has a magnitude of about 512. `by_frame` is (frames, 1025
    bins), for operations along time; `blocks` holds the same numbers for operations along frequency.
    """

    by_frame: Float32
    blocks: FrameBlocks


def frame_count(samples: int) -> int:
    """The number of centered frames of `samples` samples."""
    return 1 + samples // HOP


def spectrum(samples: Float32) -> Spectrum:
    """The magnitude spectrum of mono samples, bit for bit that of `abs(librosa.stft(samples))`.

    Like librosa it transforms in float64 and rounds to float32. float32 throughout would take half the time, but in
    files without energy above some frequency the contrast would be that of rounding errors.
    """
    padded = np.pad(samples, FRAME // 2)
    frames = sliding_window_view(padded, FRAME)[::HOP]
    count = len(frames)
    by_frame = np.empty((count, BINS), np.float32)
    windowed = np.empty((min(_BLOCK, count), FRAME), np.float64)
    for start in range(0, count, _BLOCK):
        block = frames[start : start + _BLOCK]
        np.multiply(block, _window(), out=windowed[: len(block)])
        transformed = fft.rfft(windowed[: len(block)], axis=1)
        np.abs(transformed.astype(np.complex64), out=by_frame[start : start + len(block)])
    return Spectrum(by_frame, FrameBlocks.of(by_frame))


@cache
def _window() -> npt.NDArray[np.float64]:
    window: npt.NDArray[np.float64] = get_window("hann", FRAME)
    return window
