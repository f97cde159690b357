"""The feature set `summary`: the classic recipe of music analysis, seven statistics of each family of features."""

from collections.abc import Iterator

import numpy as np

from catalog.audio.feature_set import FeatureSet, Float32, Waveform

# Families in the order of the vector, with their number of rows. Where FMA has the family it has FMA's name.
FAMILIES = {
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
)  # in the order `statistics` gives them
SINGLE = ("tempo", "onset_rate")  # one number a clip, no statistics
_LOUDEST = (
    1024.0  # sixty decibels over full scale: beyond it float files hold nonsense, whose square may overflow
)


def _dimensions() -> Iterator[str]:
    for family, rows in FAMILIES.items():
        for statistic in STATISTICS:
            yield from (f"{family}.{statistic}.{row:02d}" for row in range(1, rows + 1))
    yield from (f"{name}.value.01" for name in SINGLE)


def families(samples: Float32) -> dict[str, Float32]:
    """Every family (rows, frames) of mono samples at 22,050 Hz, and each single value as (1, 1).

    A sound of n samples has 1 + n // 512 frames. Samples beyond 1,024 times full scale are limited to that.
    """
    # What follows takes seconds to import; who only asks for the names of dimensions need not wait.
    from catalog.audio import chroma, rhythm
    from catalog.audio.constant_q import constant_q
    from catalog.audio.decibel import decibels
    from catalog.audio.filter_bank import cepstrum, mel_bank
    from catalog.audio.harmonic_percussive import harmonic_percussive
    from catalog.audio.memory import keep_memory
    from catalog.audio.spectral_shape import spectral_contrast, spectral_shape
    from catalog.audio.spectrum import SAMPLE_RATE, spectrum
    from catalog.audio.tuning import tuning
    from catalog.audio.zero_crossings import zero_crossing_rate

    keep_memory()
    samples = np.clip(samples, -_LOUDEST, _LOUDEST)
    sound = spectrum(samples)
    harmonic, percussive = harmonic_percussive(sound)
    mel = decibels(mel_bank().power(sound.tiles))
    off_pitch = tuning(sound.by_frame)
    semitones = chroma.audible(constant_q(samples, off_pitch))
    cens = chroma.chroma_cens(semitones)
    shape = spectral_shape(sound.tiles)
    strength = rhythm.onset_strength(mel)
    seconds = len(samples) / SAMPLE_RATE
    return {
        "chroma_cens": cens,
        "chroma_cqt": chroma.chroma_cqt(semitones),
        "chroma_stft": chroma.chroma_stft(sound.tiles, off_pitch),
        "harmonic": decibels(mel_bank().power(harmonic)),
        "mel": mel,
        "mfcc": cepstrum(mel),
        "percussive": decibels(mel_bank().power(percussive)),
        "rmse": shape.level[np.newaxis],
        "spectral_bandwidth": shape.bandwidth[np.newaxis],
        "spectral_centroid": shape.centroid[np.newaxis],
        "spectral_contrast": spectral_contrast(sound.tiles).astype(np.float32),
        "spectral_rolloff": shape.roll_off[np.newaxis],
        "tonnetz": chroma.tonnetz(cens),
        "zcr": zero_crossing_rate(samples)[np.newaxis],
        "tempo": np.full((1, 1), rhythm.tempo(strength), np.float32),
        "onset_rate": np.full((1, 1), rhythm.onset_rate(strength, seconds), np.float32),
    }


def _compute(waveform: Waveform) -> Float32:
    from catalog.audio.statistics import statistics

    if waveform.sample_rate != SUMMARY.sample_rate:
        raise ValueError(f"summary takes {SUMMARY.sample_rate} samples a second, not {waveform.sample_rate}")
    if not len(waveform.samples):
        raise ValueError("summary takes at least one sample")
    found = families(waveform.samples)
    values = statistics(np.concatenate([found[name] for name in FAMILIES]))
    ends = np.cumsum(list(FAMILIES.values()))[:-1]
    by_family = [part.reshape(-1) for part in np.split(values, ends, axis=1)]
    return np.concatenate([*by_family, *(found[name].reshape(-1) for name in SINGLE)])


SUMMARY = FeatureSet(
    name="summary",
    version=1,
    parameters={
        "frame": 2048,
        "hop": 512,
        "window": "hann",
        "centred": True,
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
)
