"""Chroma (strength of the twelve pitch classes) and tonnetz (its position in tonal space)."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d

from catalog.arrays import Float32
from catalog.audio.kernels.blocked_spectrum import FrameBlocks
from catalog.audio.kernels.filter_bank import pitch_class_bank

_SILENCE = 1e-6  # of the loudest semitone of a clip, -120 dB: below it is rounding noise

_STEPS = (0.4, 0.2, 0.1, 0.05)  # shares of a frame's energy, each worth a quarter
_SMOOTHING = np.hanning(43) / np.hanning(43).sum()  # its ends are zero
_ANGLES = np.pi * np.multiply.outer(np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3]), np.arange(12))
_ANGLES[::2] -= np.pi / 2  # sines beside cosines
_TONAL_SPACE = np.array([1, 1, 1, 1, 0.5, 0.5])[:, np.newaxis] * np.cos(_ANGLES)


def mask_silence(semitones: Float32) -> Float32:
    """Constant-Q magnitudes (84, frames) with zeros in the frames of digital silence.

    In these frames resampling and long filters leave about 1e-8 of the loudest semitone, which chroma would scale to 1.
    """
    silent = semitones.max(axis=0) <= _SILENCE * semitones.max()
    return np.where(silent, np.float32(0), semitones)


def chroma_stft(magnitude: FrameBlocks, tuning: float) -> Float32:
    """Pitch classes (12, frames) from C on, the strongest of each frame 1, of the magnitudes of 1025 bins.

    `librosa.feature.chroma_stft(S=magnitude**2, tuning=tuning)`.
    """
    classes = pitch_class_bank(tuning).power(magnitude)
    return _divide_frames(classes, classes.max(axis=0))


def chroma_cqt(semitones: Float32) -> Float32:
    """Pitch classes (12, frames), the strongest of each frame 1, of constant-Q magnitudes (84, frames).

    `librosa.feature.chroma_cqt(C=semitones, bins_per_octave=12)`.
    """
    classes = _fold_octaves(semitones)
    return _divide_frames(classes, classes.max(axis=0))


def chroma_cens(semitones: Float32) -> Float32:
    """Energy-normalized statistics of pitch classes (12, frames): shares quantized, smoothed over 41 frames, length 1.

    `librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)` (Müller and Ewert, "Chroma toolbox", ISMIR 2011).
    """
    classes = _fold_octaves(semitones)
    shares = _divide_frames(classes, classes.sum(axis=0))
    steps = np.sum([shares > threshold for threshold in _STEPS], axis=0) / len(_STEPS)
    smooth = convolve1d(steps, _SMOOTHING, axis=1, mode="constant")
    return _divide_frames(smooth, np.sqrt(np.square(smooth).sum(axis=0))).astype(np.float32)


def tonnetz(chroma: Float32) -> Float32:
    """Tonal centroid (6, frames) of pitch classes: fifths, minor and major thirds, two coordinates each, -1 to 1.

    `librosa.feature.tonnetz(chroma=chroma)` (Harte, Sandler and Gasser, 2006).
    """
    shares = _divide_frames(chroma, chroma.sum(axis=0))
    # Without BLAS, whose last digit depends on the number of threads.
    centroid: Float32 = np.einsum("pc,ci->pi", _TONAL_SPACE, shares).astype(np.float32)
    return centroid


def _fold_octaves(semitones: Float32) -> Float32:
    classes: Float32 = semitones.reshape(-1, 12, semitones.shape[1]).sum(axis=0)
    return classes


def _divide_frames(classes: npt.NDArray[Any], by: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The classes of each frame divided by one number; unchanged if that is denormal."""
    return classes / np.where(by < np.finfo(by.dtype).tiny, by.dtype.type(1), by)
