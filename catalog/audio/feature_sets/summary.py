"""The feature set `summary`: the classic recipe, seven statistics of each feature group."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform

if TYPE_CHECKING:
    from catalog.audio.feature_sets.clip import Clip

# Feature groups in the order of the vector, with their number of rows. Groups that FMA has carry FMA's names.
FEATURE_GROUPS = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "harmonic": 128,
    "mel": 128,
    "mfcc": 20,
    "percussive": 128,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
STATISTICS = (
    "mean",
    "median",
    "std",
    "min",
    "max",
    "kurtosis",
    "skew",
)  # in the order of `summary_statistics`
# One number per clip, without statistics.
SINGLE = ("tempo", "onset_rate", "harmonic_share", "percussive_share")


def _dimensions() -> Iterator[str]:
    for group, rows in FEATURE_GROUPS.items():
        for statistic in STATISTICS:
            yield from (f"{group}.{statistic}.{row:02d}" for row in range(1, rows + 1))
    yield from (f"{name}.value.01" for name in SINGLE)


def feature_groups(clip: "Clip") -> dict[str, Float32]:
    """Every feature group (rows, frames) of a clip, and each single value as (1, 1).

    A clip of n samples has 1 + n // 512 frames.
    """
    # These imports take seconds; reading the names of dimensions does not need them.
    from catalog.audio.decibel import decibels
    from catalog.audio.kernels import chroma, rhythm
    from catalog.audio.kernels.constant_q import constant_q
    from catalog.audio.kernels.filter_bank import cepstrum, mel_bank
    from catalog.audio.kernels.harmonic_percussive import energy_ratios
    from catalog.audio.kernels.spectral_shape import spectral_contrast, spectral_shape
    from catalog.audio.kernels.tuning import tuning
    from catalog.audio.kernels.zero_crossings import zero_crossing_rate

    spectrum = clip.spectrum
    harmonic, percussive = clip.hpss
    harmonic_share, percussive_share = energy_ratios(spectrum.blocks, harmonic, percussive)
    mel = decibels(clip.mel_power)
    tuning_offset = tuning(spectrum.by_frame)
    semitones = chroma.mask_silence(constant_q(clip.samples, tuning_offset))
    cens = chroma.chroma_cens(semitones)
    shape = spectral_shape(spectrum.blocks)
    strength = rhythm.onset_strength(mel)
    return {
        "chroma_cens": cens,
        "chroma_cqt": chroma.chroma_cqt(semitones),
        "chroma_stft": chroma.chroma_stft(spectrum.blocks, tuning_offset),
        "harmonic": decibels(mel_bank().power(harmonic)),
        "mel": mel,
        "mfcc": cepstrum(mel),
        "percussive": decibels(mel_bank().power(percussive)),
        "rmse": shape.level[np.newaxis],
        "spectral_bandwidth": shape.bandwidth[np.newaxis],
        "spectral_centroid": shape.centroid[np.newaxis],
        "spectral_contrast": spectral_contrast(spectrum.blocks).astype(np.float32),
        "spectral_rolloff": shape.roll_off[np.newaxis],
        "tonnetz": chroma.tonnetz(cens),
        "zcr": zero_crossing_rate(clip.samples)[np.newaxis],
        "tempo": _single(rhythm.tempo(strength)),
        "onset_rate": _single(rhythm.onset_rate(strength, clip.seconds)),
        "harmonic_share": _single(harmonic_share),
        "percussive_share": _single(percussive_share),
    }


def _single(value: float) -> Float32:
    return np.full((1, 1), value, np.float32)


def _compute(waveform: Waveform) -> Float32:
    from catalog.audio.feature_sets.clip import cached_clip
    from catalog.audio.kernels.pooling import summary_statistics

    values_by_group = feature_groups(cached_clip(waveform))
    values = summary_statistics(np.concatenate([values_by_group[name] for name in FEATURE_GROUPS]))
    boundaries = np.cumsum(list(FEATURE_GROUPS.values()))[:-1]
    by_group = [part.reshape(-1) for part in np.split(values, boundaries, axis=1)]
    return np.concatenate([*by_group, *(values_by_group[name].reshape(-1) for name in SINGLE)])


SUMMARY = FeatureSet(
    name="summary",
    version=2,
    parameters={
        "frame": 2048,
        "hop": 512,
        "window": "hann",
        "centered": True,
        "mel_bands": 128,
        "mel_scale": "decibels",
        "decibel_range": 80,
        "median_filter": 31,
        "cepstral_coefficients": 20,
        "contrast_bands": 7,
        "constant_q_octaves": 7,
        "constant_q_bins_per_octave": 12,
        "tuning": "magnitudes",
        "tonnetz": "chroma_cens",
    },
    dimensions=tuple(_dimensions()),
    sample_rate=22_050,
    compute=_compute,
    libraries=("librosa", "numba", "numpy", "scipy", "soxr"),
    descriptors={
        "tempo": "tempo.value.01",
        "onset_rate": "onset_rate.value.01",
        "brightness": "spectral_centroid.mean.01",
        "harmonic_share": "harmonic_share.value.01",
        "percussive_share": "percussive_share.value.01",
    },
)
