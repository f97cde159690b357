"""Feature set `musicnn`: what two networks trained on tags make of a track, 500 numbers.

J. Pons, X. Serra, "musicnn: Pre-trained convolutional neural networks for music audio tagging", 2019. The dimensions,
in order, are `<network>.penultimate.<000..199>` then `<network>.tag.<name>` for MSD, then the same for MTT, each the
mean over the patches.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets import musicnn_model
from catalog.audio.feature_sets.musicnn_model import NETWORKS, PATCH, PENULTIMATE, NetworkName
from catalog.audio.loudness import SILENCE, loudness

SAMPLE_RATE = 16_000
WINDOW, HOP = 512, 256
LEVEL = -14.0  # dBFS RMS; typical of mastered music
MAX_PATCHES, MIN_PATCH_HOP = 10, 93

PARAMETERS = {
    "networks": ["MSD_musicnn", "MTT_musicnn"],
    "sample_rate": SAMPLE_RATE,
    "n_fft": WINDOW,
    "hop_length": HOP,
    "n_mels": PATCH[1],
    "level_dbfs": LEVEL,
    "silence_dbfs": SILENCE,
    "patch_frames": PATCH[0],
    "most_patches": MAX_PATCHES,
    "least_patch_hop": MIN_PATCH_HOP,
}

Patches = Literal["spread", "adjoining"]


def dimension_names() -> tuple[str, ...]:
    names: list[str] = []
    for name in NETWORKS:
        names += (f"{name}.penultimate.{number:03}" for number in range(PENULTIMATE))
        names += (f"{name}.tag.{tag}" for tag in musicnn_model.tag_names()[name])
    return tuple(names)


def log_mel(samples: Float32) -> Float32:
    """The networks' input: log10(10000 p + 1) of the mel power spectrum of samples at 16 kHz, (frames, 96).

    The frames are centered, with zeros beyond the ends, under a periodic Hann window: librosa.feature.melspectrogram
    with n_fft=512, hop_length=256, n_mels=96. The round trip through float16 is what the networks were trained on.
    """
    padded = np.pad(samples, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    spectrum = np.fft.rfft(frames * hann, axis=1)
    mel = _mel(np.square(spectrum.real) + np.square(spectrum.imag))
    # A short burst in long silence can exceed the largest float16 after normalization; it must not become infinity.
    coarse = np.minimum(mel, np.finfo(np.float16).max).astype(np.float16).astype(np.float32)
    return np.log10(10_000 * coarse + 1)


def _mel(power: Float32) -> Float32:
    """Power (frames, 257 bins) in mel bands (frames, 96).

    Band by band over the few bins of each: a BLAS product takes longer, and its last digit depends on the number of
    threads.
    """
    filters = musicnn_model.mel_filters()
    nonzero = filters != 0
    first = nonzero.argmax(axis=1)
    last = filters.shape[1] - nonzero[:, ::-1].argmax(axis=1)
    by_bin = np.ascontiguousarray(power.T)
    bands = np.empty((len(filters), len(power)), np.float32)
    for band, weights in enumerate(filters):
        bins = slice(first[band], last[band])
        np.einsum("k,kt->t", weights[bins], by_bin[bins], out=bands[band])
    return bands.T


def normalize_rms(samples: Float32) -> Float32:
    """The samples scaled to LEVEL dBFS RMS; unchanged if they are below SILENCE."""
    level_dbfs = loudness(samples)
    if level_dbfs < SILENCE:
        return samples
    return samples * np.float32(10 ** ((LEVEL - level_dbfs) / 20))


def patch_starts(frames: int) -> npt.NDArray[np.int64]:
    """Start frames of the patches of a track: up to ten, evenly spread, at least 93 frames apart."""
    last_start = frames - PATCH[0]
    count = min(MAX_PATCHES, 1 + last_start // MIN_PATCH_HOP)
    return np.rint(np.linspace(0, last_start, count)).astype(np.int64)


def _patches(mel: Float32, patches: Patches) -> Iterator[Float32]:
    if patches == "adjoining":
        for start in range(0, len(mel) - PATCH[0] + 1, PATCH[0]):
            yield mel[start : start + PATCH[0]]
        return
    if len(mel) < PATCH[0]:
        mel = np.resize(mel, PATCH)  # repeats from the start
    for start in patch_starts(len(mel)):
        yield mel[start : start + PATCH[0]]


def tags(
    samples: Float32, name: NetworkName = "msd", *, level: bool = False, patches: Patches = "adjoining"
) -> Float32:
    """Tag probabilities of samples at 16 kHz, (patches, 50).

    The defaults are the networks' original use: no normalization, adjoining patches, the remainder dropped.
    """
    mel = log_mel(normalize_rms(samples) if level else samples)
    rows = [musicnn_model.run(patch)[1][NETWORKS.index(name)] for patch in _patches(mel, patches)]
    return np.stack(rows) if rows else np.empty((0, len(musicnn_model.tag_names()[name])), np.float32)


def compute(waveform: Waveform) -> Float32:
    """The 500 numbers of a non-empty waveform at 16 kHz, in the order of `dimension_names`."""
    if waveform.sample_rate != SAMPLE_RATE:
        raise ValueError(f"musicnn needs {SAMPLE_RATE} Hz, not {waveform.sample_rate}")
    mel = log_mel(normalize_rms(waveform.samples))
    total = np.zeros((len(NETWORKS), len(MUSICNN.dimensions) // len(NETWORKS)), np.float64)
    count = 0
    for patch in _patches(mel, "spread"):
        total += np.concatenate(musicnn_model.run(patch), axis=1)
        count += 1
    return (total / count).astype(np.float32).reshape(-1)


def tag_probabilities(vector: Float32, name: NetworkName) -> Mapping[str, float]:
    """Tag probabilities of one network in a `musicnn` vector, by tag."""
    names = musicnn_model.tag_names()[name]
    first = NETWORKS.index(name) * (PENULTIMATE + len(names)) + PENULTIMATE
    return dict(zip(names, vector[first : first + len(names)].tolist(), strict=True))


MUSICNN = FeatureSet(
    name="musicnn",
    version=1,
    parameters=PARAMETERS,
    dimensions=dimension_names(),
    sample_rate=SAMPLE_RATE,
    compute=compute,
    libraries=("numpy", "onnxruntime"),
)
