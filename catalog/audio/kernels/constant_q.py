"""Constant-Q transform: magnitude of each semitone over seven octaves, from C1 (32.7 Hz) to B7.

Not `librosa.cqt`, which builds 84 filters for each clip.
"""

from functools import lru_cache

import librosa
import numpy as np
import soxr

from catalog.arrays import Float32
from catalog.audio.jit import jit
from catalog.audio.kernels.spectrum import HOP, SAMPLE_RATE, frame_count

SEMITONES = 12
OCTAVES = 7
_TOP = 32.70319566257483 * 2 ** (OCTAVES - 1)  # Hz, C7: the lowest note of the highest octave
_SPARSITY = 0.01  # share of a filter's magnitude that is dropped, smallest values first


def constant_q(samples: Float32, tuning: float) -> Float32:
    """Magnitudes (84 semitones, frames), lowest first, of the semitones that lie `tuning` semitones off A 440.

    `abs(librosa.cqt(samples, bins_per_octave=12, n_bins=84, tuning=tuning))`: the highest octave is filtered, the
    samples are resampled to half the rate, and so on (Schörkhuber and Klapuri, 2010). Halving the rate and lowering
    by an octave cancel, so that twelve filters serve all octaves, where librosa builds 84 again for each clip; they
    are multiplied with the samples instead of with a spectrum of them, which is the same sum.
    """
    filters = _filters(tuning)
    result = np.empty((OCTAVES * SEMITONES, frame_count(len(samples))), np.float32)
    hop = HOP
    for octave in reversed(range(OCTAVES)):
        padded = np.pad(samples, filters.shape[1] // 2)
        _respond(padded, hop, filters, result[octave * SEMITONES : (octave + 1) * SEMITONES])
        if octave:
            samples, hop = _half_rate(samples), hop // 2
    return result


def _half_rate(samples: Float32) -> Float32:
    """The samples at half the sample rate, with the same energy."""
    half = np.zeros((len(samples) + 1) // 2, np.float32)
    resampled = soxr.resample(samples, 2, 1, quality="soxr_hq")[: len(half)]
    half[: len(resampled)] = resampled
    half /= np.float32(np.sqrt(0.5))
    return half


@lru_cache(maxsize=128)  # tuning has a hundred values
def _filters(tuning: float) -> Float32:
    """Twelve wavelets over the samples under one frame (24, 256): cosine parts, then sine parts."""
    frequencies = _TOP * 2.0 ** ((np.arange(SEMITONES) + tuning) / SEMITONES)
    wavelets, lengths = librosa.filters.wavelet(freqs=frequencies, sr=SAMPLE_RATE, pad_fft=True)
    size = wavelets.shape[1]
    wavelets *= lengths[:, np.newaxis] / size
    half = np.fft.fft(wavelets, axis=1)[:, : size // 2 + 1]
    sparse = librosa.util.sparsify_rows(half.astype(np.complex64), quantile=_SPARSITY).toarray()
    # librosa multiplies these with the spectrum of a frame; the spectrum being linear, that is a filter over samples.
    over_samples = np.fft.fft(sparse, n=size, axis=1) / np.sqrt(lengths)[:, np.newaxis]
    return np.concatenate((over_samples.real, over_samples.imag)).astype(np.float32)


@jit
def _respond(padded: Float32, hop: int, filters: Float32, result: Float32) -> None:
    """Magnitude (12, frames) of each filter's response to each frame.

    An explicit matrix product: BLAS is no faster here, and its last digit depends on the number of threads.
    """
    frames = result.shape[1]
    parts, length = filters.shape
    width = 64
    under = np.zeros((length, width), np.float32)  # samples of `width` frames, one frame per column
    response = np.empty((parts, width), np.float32)
    for left in range(0, frames, width):
        count = min(width, frames - left)
        for i in range(count):
            for n in range(length):
                under[n, i] = padded[(left + i) * hop + n]
        response[:] = 0
        for n in range(0, length, 4):
            for part in range(parts):
                w0, w1, w2, w3 = (
                    filters[part, n],
                    filters[part, n + 1],
                    filters[part, n + 2],
                    filters[part, n + 3],
                )
                for i in range(width):
                    first = w0 * under[n, i] + w1 * under[n + 1, i]
                    second = w2 * under[n + 2, i] + w3 * under[n + 3, i]
                    response[part, i] += first + second
        for semitone in range(len(result)):
            for i in range(count):
                real, imaginary = response[semitone, i], response[semitone + len(result), i]
                result[semitone, left + i] = np.sqrt(real * real + imaginary * imaginary)
