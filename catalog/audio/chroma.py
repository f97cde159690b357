"""How strong each of the twelve pitch classes is, and where that lies in tonal space."""

import librosa
import numpy as np

from catalog.audio.feature_set import Float32
from catalog.audio.filter_bank import pitch_class_bank


def chroma_stft(magnitude: Float32, tuning: float) -> Float32:
    """Pitch classes (12, frames) from C on, the strongest of each frame 1, of magnitudes (1025 bins, frames).

    `librosa.feature.chroma_stft(S=magnitude**2, tuning=tuning)`.
    """
    classes = pitch_class_bank(tuning).power(magnitude)
    return _scaled(classes, classes.max(axis=0))


def chroma_cqt(semitones: Float32) -> Float32:
    """Pitch classes (12, frames), the strongest of each frame 1, of constant-Q magnitudes (84, frames).

    `librosa.feature.chroma_cqt(C=semitones, bins_per_octave=12)`.
    """
    classes = _folded(semitones)
    return _scaled(classes, classes.max(axis=0))


def chroma_cens(semitones: Float32) -> Float32:
    """Energy-normalised statistics of pitch classes (12, frames): shares quantised, smoothed over 41 frames, length 1.

    `librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)` (Müller and Ewert, "Chroma toolbox", ISMIR 2011).
    """
    result: Float32 = librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)
    return result.astype(np.float32, copy=False)


def tonnetz(chroma: Float32) -> Float32:
    """Tonal centroid (6, frames) of pitch classes: fifths, minor and major thirds, two coordinates each, -1 to 1.

    `librosa.feature.tonnetz(chroma=chroma)` (Harte, Sandler and Gasser, 2006).
    """
    result: Float32 = librosa.feature.tonnetz(chroma=chroma)
    return result.astype(np.float32, copy=False)


def _folded(semitones: Float32) -> Float32:
    classes: Float32 = semitones.reshape(-1, 12, semitones.shape[1]).sum(axis=0)
    return classes


def _scaled(classes: Float32, by: Float32) -> Float32:
    """The classes of each frame divided by one number, or left alone where that is next to nothing."""
    by[by < np.finfo(np.float32).tiny] = 1
    return classes / by
