"""The families of `summary` by librosa's own functions from the samples on: what ours are held to."""

import warnings

import librosa
import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from catalog.arrays import Float32
from catalog.audio.feature_sets.clip import Clip
from catalog.audio.feature_sets.summary import feature_groups

SMOOTHING = 21  # frames to each side over which `chroma_cens` is smoothed

# The largest deviation of any value in any frame; what is not 0 is rounding of float32 sums in another order.
TOLERANCES = {
    "chroma_cens": 0.02,  # 0 but where a share of energy meets one of the four thresholds to the last digit
    "chroma_cqt": 2e-4,
    "chroma_stft": 5e-6,
    "harmonic": 5e-5,  # dB
    "mel": 5e-5,  # dB
    "mfcc": 2e-4,
    "percussive": 5e-5,  # dB
    "rmse": 2e-6,
    "spectral_bandwidth": 1e-3,  # Hz
    "spectral_centroid": 1e-3,  # Hz
    "spectral_contrast": 1e-5,  # dB
    "spectral_rolloff": 0,  # Hz
    "tonnetz": 0.01,
    "zcr": 0,
    "tempo": 1e-5,  # beats a minute: rounded to float32
    "onset_rate": 1e-6,  # a second: rounded to float32
}

Rows = npt.NDArray[np.floating]


def by_librosa(samples: Float32) -> dict[str, Rows]:
    """Every family as librosa has it, each from a spectrum of its own, nothing shared but the tuning."""
    # A low octave of a short clip is shorter than its frame; silence has no pitch.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        magnitude = np.abs(librosa.stft(samples))
        harmonic, percussive = librosa.decompose.hpss(magnitude)
        semitones = np.abs(librosa.cqt(samples, bins_per_octave=12, n_bins=84, tuning=None))
        tuning = librosa.estimate_tuning(y=samples)
        cens = librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)
        strength = librosa.onset.onset_strength(y=samples)
        onsets = librosa.onset.onset_detect(y=samples)

        def mel(part: Rows) -> Rows:
            return librosa.power_to_db(librosa.feature.melspectrogram(S=part**2))

        return {
            "chroma_cens": cens,
            "chroma_cqt": librosa.feature.chroma_cqt(C=semitones, bins_per_octave=12),
            "chroma_stft": librosa.feature.chroma_stft(y=samples, tuning=tuning),
            "harmonic": mel(harmonic),
            "mel": librosa.power_to_db(librosa.feature.melspectrogram(y=samples)),
            "mfcc": librosa.feature.mfcc(y=samples),
            "percussive": mel(percussive),
            "rmse": librosa.feature.rms(S=magnitude),
            "spectral_bandwidth": librosa.feature.spectral_bandwidth(y=samples),
            "spectral_centroid": librosa.feature.spectral_centroid(y=samples),
            "spectral_contrast": librosa.feature.spectral_contrast(y=samples),
            "spectral_rolloff": librosa.feature.spectral_rolloff(y=samples),
            "tonnetz": librosa.feature.tonnetz(chroma=cens),
            "zcr": librosa.feature.zero_crossing_rate(samples),
            "tempo": librosa.feature.tempo(onset_envelope=strength)[np.newaxis],
            "onset_rate": np.full((1, 1), len(onsets) / (len(samples) / 22_050)),
        }


def differences(samples: Float32) -> dict[str, float]:
    """How far each family lies from librosa's at most, in its own unit, over all rows and frames.

    Chroma out of the constant-Q transform is compared away from digital silence, where librosa scales rounding up to 1.
    """
    ours, theirs = feature_groups(Clip.of(samples)), by_librosa(samples)
    silent = maximum_filter1d(theirs["rmse"][0] == 0, 2 * SMOOTHING + 1)
    result = {}
    for name, rows in theirs.items():
        assert ours[name].shape == rows.shape, name
        off = np.abs(ours[name] - rows)
        if name in {"chroma_cens", "chroma_cqt", "tonnetz"}:
            off = off[:, ~silent]
        result[name] = float(off.max(initial=0))
    return result
