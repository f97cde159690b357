"""The one short-time Fourier spectrum that all families of `summary` are taken from."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.signal import get_window

from catalog.audio.compiled import compiled
from catalog.audio.feature_set import Float32

SAMPLE_RATE = 22_050
FRAME = 2048  # samples under one window, `n_fft`
HOP = 512  # samples from one frame to the next
BINS = FRAME // 2 + 1
_BLOCK = 32  # frames transformed at once: half a megabyte, which stays in the cache of a core


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
    """The magnitude spectrum of mono samples, bit for bit that of `abs(librosa.stft(samples))`.

    Like librosa it transforms in float64 and rounds to float32. In float32 throughout it would take half the time,
    but where a file holds nothing above a certain frequency the contrast would be that of rounding errors.
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
    return Spectrum(transposed(by_frame), by_frame)


def transposed(matrix: Float32) -> Float32:
    """A C-ordered matrix with rows and columns exchanged, in C order again."""
    result = np.empty(matrix.shape[::-1], np.float32)
    _transpose(matrix, result)
    return result


@cache
def _window() -> npt.NDArray[np.float64]:
    window: npt.NDArray[np.float64] = get_window("hann", FRAME)
    return window


@compiled
def _transpose(source: Float32, target: Float32) -> None:
    rows, columns = source.shape
    for top in range(0, rows, 16):  # sixteen numbers make a cache line
        for column in range(columns):
            for row in range(top, min(top + 16, rows)):
                target[column, row] = source[row, column]
