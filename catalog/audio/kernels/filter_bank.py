"""Filter banks over a power spectrum: mel bands and pitch classes.

Not a matrix product, because most weights are zero and BLAS results depend on the number of threads.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import librosa
import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.jit import jit
from catalog.audio.kernels.blocked_spectrum import FrameBlocks
from catalog.audio.kernels.spectrum import FRAME, SAMPLE_RATE

MEL_BANDS = 128
PITCH_CLASSES = 12


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Weights (bands, 1025 bins) and, for each band, the half-open range of bins outside which they are zero."""

    weights: Float32
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]

    @classmethod
    def of(cls, weights: Float32) -> "FilterBank":
        nonzero = weights != 0
        start = nonzero.argmax(axis=1)
        stop = np.where(nonzero.any(axis=1), weights.shape[1] - nonzero[:, ::-1].argmax(axis=1), start)
        return cls(np.ascontiguousarray(weights, np.float32), start, stop)

    def power(self, magnitude: FrameBlocks) -> Float32:
        """The weighted sums (bands, frames) of the squared magnitudes of 1025 bins."""
        result = np.empty((len(self.weights), magnitude.columns), np.float32)
        _weighted_power(magnitude.blocks, self.weights, self.start, self.stop, result)
        return result[:, : magnitude.frames]


@cache
def mel_bank() -> FilterBank:
    """128 triangles of equal area from 0 to 11,025 Hz on Slaney's mel scale: `librosa.filters.mel`."""
    return FilterBank.of(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FRAME, n_mels=MEL_BANDS))


@lru_cache(maxsize=128)  # there are a hundred tunings
def pitch_class_bank(tuning: float) -> FilterBank:
    """Twelve pitch classes from C on, `tuning` semitones off A 440: `librosa.filters.chroma`."""
    return FilterBank.of(librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=FRAME, tuning=tuning))


@jit
def _weighted_power(
    blocks: Float32,
    weights: Float32,
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    result: Float32,
) -> None:
    width = blocks.shape[2]
    total = np.empty(width, np.float32)
    for tile in range(len(blocks)):
        block = blocks[tile]
        for band in range(len(weights)):
            total[:] = 0
            for k in range(start[band], stop[band]):
                weight = weights[band, k]
                for i in range(width):
                    total[i] += weight * (block[k, i] * block[k, i])
            for i in range(width):
                result[band, tile * width + i] = total[i]


def cepstrum(mel_decibels: Float32) -> Float32:
    """The first 20 mel-frequency cepstral coefficients (20, frames): `librosa.feature.mfcc(S=mel_decibels)`."""
    result: Float32 = librosa.feature.mfcc(S=mel_decibels, n_mfcc=20)
    return result
