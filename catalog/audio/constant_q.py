"""The constant-Q transform: loudness of each semitone over seven octaves, from C1 (32.7 Hz) to B7."""

from functools import lru_cache

import librosa
import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view

from catalog.audio.feature_set import Float32
from catalog.audio.spectrum import HOP, SAMPLE_RATE, frame_count

SEMITONES = 12
OCTAVES = 7
_TOP = 32.70319566257483 * 2 ** (OCTAVES - 1)  # Hz, C7: the lowest note of the highest octave
_SPARSITY = 0.01  # share of a filter's magnitude that is dropped where it is smallest


def constant_q(samples: Float32, tuning: float) -> Float32:
    """Magnitudes (84 semitones, frames), lowest first, of the semitones that lie `tuning` semitones off A 440.

    `abs(librosa.cqt(samples, bins_per_octave=12, n_bins=84, tuning=tuning))`: the highest octave is filtered, the
    sound brought to half its rate, and so on (Schörkhuber and Klapuri, 2010). Halving the rate and lowering by an
    octave cancel, so that twelve filters serve all octaves, where librosa builds 84 anew for each clip; they are
    multiplied with the samples instead of with a spectrum of them, which is the same sum.
    """
    filters = _filters(tuning)
    result = np.empty((OCTAVES * SEMITONES, frame_count(len(samples))), np.float32)
    hop = HOP
    for octave in reversed(range(OCTAVES)):
        parts = _frames(samples, len(filters), hop, result.shape[1]) @ filters
        rows = result[octave * SEMITONES : (octave + 1) * SEMITONES]
        np.hypot(parts[:, :SEMITONES].T, parts[:, SEMITONES:].T, out=rows)
        if octave:
            samples, hop = _half_rate(samples), hop // 2
    return result


def _frames(samples: Float32, length: int, hop: int, count: int) -> Float32:
    """The first `count` centred frames (count, length), silence before and after the sound.

    Samples are lost to no frame: halving rounds their number up.
    """
    padded = np.pad(samples, length // 2)
    return np.ascontiguousarray(sliding_window_view(padded, length)[::hop][:count])


def _half_rate(samples: Float32) -> Float32:
    """The same sound at half the sample rate, of the same energy."""
    half = np.zeros((len(samples) + 1) // 2, np.float32)
    resampled = soxr.resample(samples, 2, 1, quality="soxr_hq")[: len(half)]
    half[: len(resampled)] = resampled
    half /= np.float32(np.sqrt(0.5))
    return half


@lru_cache(maxsize=128)  # there are a hundred tunings
def _filters(tuning: float) -> Float32:
    """Twelve wavelets over the samples under one frame (256, 24): cosine parts, then sine parts."""
    frequencies = _TOP * 2.0 ** ((np.arange(SEMITONES) + tuning) / SEMITONES)
    wavelets, lengths = librosa.filters.wavelet(freqs=frequencies, sr=SAMPLE_RATE, pad_fft=True)
    size = wavelets.shape[1]
    wavelets *= lengths[:, np.newaxis] / size
    half = np.fft.fft(wavelets, axis=1)[:, : size // 2 + 1]
    sparse = librosa.util.sparsify_rows(half.astype(np.complex64), quantile=_SPARSITY).toarray()
    # librosa multiplies these with the spectrum of a frame; the spectrum being linear, that is a filter over samples.
    over_samples = np.fft.fft(sparse, n=size, axis=1) / np.sqrt(lengths)[:, np.newaxis]
    filters: Float32 = np.concatenate((over_samples.real, over_samples.imag)).T.astype(np.float32)
    return np.ascontiguousarray(filters)
