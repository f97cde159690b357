"""Shape of the spectrum of each frame: centroid, bandwidth, roll-off, level and contrast."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.decibel import decibels
from catalog.audio.jit import jit
from catalog.audio.kernels.blocked_spectrum import FrameBlocks
from catalog.audio.kernels.spectrum import BINS, FRAME, SAMPLE_RATE

CONTRAST_BANDS = 7
_LOWEST = 200.0  # Hz, the start of the first octave band of the contrast; one more band lies below
_QUANTILE = 0.02  # share of a band's bins that counts as its peak, and as its valley
_ROLL_OFF = 0.85  # share of the magnitudes below the roll-off frequency
_BIN = SAMPLE_RATE / FRAME  # Hz


@dataclass(frozen=True, eq=False)
class SpectralShape:
    """One number for each frame: three frequencies in Hz, and the root mean square of the windowed samples.

    All three frequencies are 0 in silence. `level` is that of `librosa.feature.rms(S=...)`: under a Hann
    window, 4.3 dB below that of the samples.
    """

    centroid: Float32
    bandwidth: Float32
    roll_off: Float32
    level: Float32


def spectral_shape(magnitude: FrameBlocks) -> SpectralShape:
    """Shape of the magnitudes of 1025 bins.

    `librosa.feature.spectral_centroid`, `spectral_bandwidth`, `spectral_rolloff` and `rms`, in one pass: the width
    comes out of first and second moments in float64 (E[k^2] - E[k]^2), where librosa takes a pass for each.
    """
    values = np.empty((4, magnitude.columns), np.float32)
    _shape(magnitude.blocks, _BIN, *values)
    return SpectralShape(*values[:, : magnitude.frames])


def spectral_contrast(magnitude: FrameBlocks) -> npt.NDArray[np.float64]:
    """Peak above valley (7 bands, frames), dB of magnitude: below 200 Hz, five octaves from there, and the rest.

    `librosa.feature.spectral_contrast(S=magnitude)` (Jiang et al., "Music type classification by spectral contrast
    feature", ICME 2002), the same numbers; only the few bins that count are ranked, where librosa sorts all.
    """
    peak, valley = np.empty((2, CONTRAST_BANDS, magnitude.columns), np.float32)
    _mean_extreme(magnitude.blocks, 1, *_contrast_bands(), peak)
    _mean_extreme(magnitude.blocks, -1, *_contrast_bands(), valley)
    high, low = (decibels(part[:, : magnitude.frames].astype(np.float64)) for part in (peak, valley))
    contrast: npt.NDArray[np.float64] = high - low
    return contrast


@cache
def _contrast_bands() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each band the first bin, the bin after the last, and how many bins make its peak and its valley.

    As in librosa: a band takes the bin below it and gives its last bin to the next band; its share is computed before
    it gives the bin.
    """
    frequency = np.arange(BINS) * _BIN
    edges = np.concatenate(([0.0], _LOWEST * 2.0 ** np.arange(CONTRAST_BANDS)))
    first, last, kept = (np.empty(CONTRAST_BANDS, np.int64) for _ in range(3))
    for band in range(CONTRAST_BANDS):
        inside = np.flatnonzero((frequency >= edges[band]) & (frequency <= edges[band + 1]))
        highest = band == CONTRAST_BANDS - 1
        first[band] = inside[0] - (band > 0)
        end = BINS if highest else inside[-1] + 1
        kept[band] = max(1, round(_QUANTILE * (end - first[band])))
        last[band] = end if highest else end - 1
    return first, last, kept


@jit
def _shape(
    blocks: Float32,
    resolution: float,  # Hz from bin to bin
    centroid: Float32,
    bandwidth: Float32,
    roll_off: Float32,
    level: Float32,
) -> None:
    bins, width = blocks.shape[1:]
    sums = np.empty((3, width), np.float64)
    power = np.empty(width, np.float32)
    total = np.empty(width, np.float32)
    below = np.empty(width, np.int32)
    for tile in range(len(blocks)):
        block = blocks[tile]
        left = tile * width
        sums[:] = 0
        power[:] = 0
        total[:] = 0
        for k in range(bins):
            once = np.float32(0.5 if k in {0, bins - 1} else 1)  # bins without a mirror image
            first, second = np.float64(k), np.float64(k) * k
            for i in range(width):
                value = block[k, i]
                power[i] += once * (value * value)
                total[i] += value
                sums[0, i] += value
                sums[1, i] += first * value
                sums[2, i] += second * value
        for i in range(width):
            level[left + i] = np.sqrt(2 * power[i] / np.float32((2 * (bins - 1)) ** 2))
            centroid[left + i] = 0
            bandwidth[left + i] = 0
            if sums[0, i] > 0:
                mean = sums[1, i] / sums[0, i]
                centroid[left + i] = mean * resolution
                bandwidth[left + i] = np.sqrt(max(0.0, sums[2, i] / sums[0, i] - mean * mean)) * resolution
            power[i] = np.float32(_ROLL_OFF) * total[i]  # from here on the threshold of the roll-off
        total[:] = 0
        below[:] = 0
        for k in range(bins):
            for i in range(width):
                total[i] += block[k, i]
                below[i] += total[i] < power[i]
        for i in range(width):
            roll_off[left + i] = below[i] * resolution


@jit
def _mean_extreme(
    blocks: Float32,
    sign: int,
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    kept: npt.NDArray[np.int64],
    result: Float32,
) -> None:
    """Mean of the `kept` largest bins of each band where `sign` is 1, of the smallest where it is -1.

    Summed in ascending order, as in librosa. Low bins are mostly the loudest, so starting from the likelier end few
    later bins are inserted.
    """
    width = blocks.shape[2]
    factor = np.float32(sign)
    ranked = np.empty((kept.max(), width), np.float32)  # the largest so far of each frame in descending order
    value = np.empty(width, np.float32)
    for tile in range(len(blocks)):
        block = blocks[tile]
        for band in range(len(kept)):
            ranked[:] = -np.inf
            start, stop = (first[band], last[band]) if sign > 0 else (last[band] - 1, first[band] - 1)
            for k in range(start, stop, sign):
                least = ranked[kept[band] - 1]
                better = 0
                for i in range(width):
                    value[i] = factor * block[k, i]
                    better += value[i] > least[i]
                if better == 0:
                    continue
                for rank in range(kept[band]):
                    row = ranked[rank]
                    for i in range(width):
                        previous = row[i]
                        row[i] = max(previous, value[i])
                        value[i] = min(previous, value[i])
            for i in range(width):
                total = np.float32(0)
                for rank in range(kept[band]):
                    total += factor * ranked[kept[band] - 1 - rank if sign > 0 else rank, i]
                result[band, tile * width + i] = total / np.float32(kept[band])
