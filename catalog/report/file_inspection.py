"""Analysis of one file for display: spectrogram, harmonic and percussive parts, chroma, onsets, auto tags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.decoding.decode import Stream, decode
from catalog.audio.decoding.media_file import Name
from catalog.audio.excerpts import Window
from catalog.audio.feature_sets.grid import RANGE, SIDE, grid

PITCH_CLASSES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


@dataclass(frozen=True, eq=False)
class Inspection:
    """The analysis of one file. Matrices are (rows, frames) over the concatenated windows."""

    name: str
    """File name without folder; bytes that are not UTF-8 are replaced."""
    stream: Stream
    container: str
    windows: tuple[Window, ...]
    """The analyzed parts of the file, in seconds."""
    loudness: float
    """dBFS RMS."""
    frame_rate: float
    """Frames per second."""
    mel: Float32
    """(128, frames): dB relative to the maximum of the spectrogram, -80 to 0."""
    harmonic: Float32
    """(128, frames): the harmonic part, relative to the same maximum."""
    percussive: Float32
    """(128, frames): the percussive part, likewise."""
    chroma: Float32
    """(12, frames): pitch classes from C; the maximum of each frame is 1."""
    strength: Float32
    """(frames,): onset strength, the mean increase over the bands in dB."""
    onsets: npt.NDArray[np.int64]
    """Frames of the onsets."""
    descriptors: Mapping[str, float]
    """tempo, onset_rate, brightness, harmonic_share, percussive_share."""
    tags: Mapping[str, Mapping[str, float]]
    """Network -> tag -> probability, the most probable first."""
    speech_probability: float

    @property
    def seconds(self) -> float:
        """Total length of the windows."""
        return sum(end - begin for begin, end in self.windows)

    def second_in_file(self, analyzed: float) -> float:
        """The position in the file of a position in the concatenated windows, in seconds."""
        for begin, end in self.windows:
            if analyzed < end - begin:
                return begin + analyzed
            analyzed -= end - begin
        return self.windows[-1][1]

    def facts(self) -> dict[str, Any]:
        """The analysis as JSON values; spectrograms are averaged to 64 bands and 64 time steps."""
        onsets = [self.second_in_file(frame / self.frame_rate) for frame in self.onsets.tolist()]
        return {
            "file": self.name,
            "container": self.container,
            "codec": self.stream.codec,
            "sample_rate": self.stream.sample_rate,
            "channels": self.stream.channels,
            "duration": round(self.stream.duration, 3),
            "audio_hash": self.stream.audio_hash,
            "windows": [[round(begin, 3), round(end, 3)] for begin, end in self.windows],
            "loudness": round(self.loudness, 2),
            "speech_probability": round(self.speech_probability, 4),
            **{name: round(value, 4) for name, value in self.descriptors.items()},
            "onsets": [round(second, 3) for second in onsets],
            "chroma": dict(zip(PITCH_CLASSES, _rounded(self.chroma.mean(axis=1), 4), strict=True)),
            "tags": {
                network: {tag: round(value, 4) for tag, value in tags.items()}
                for network, tags in self.tags.items()
            },
            "pictures": {
                "unit": "dB below the maximum of the spectrogram",
                "rows": f"{SIDE} mel bands from 0 Hz up",
                "columns": f"{SIDE} equal parts of the analyzed time",
                **{
                    name: [_rounded(row, 1) for row in _picture(rows)]
                    for name, rows in (
                        ("spectrogram", self.mel),
                        ("harmonic", self.harmonic),
                        ("percussive", self.percussive),
                    )
                },
            },
        }


def inspect(path: Name) -> Inspection:
    """Analyzes a file without a catalog. Raises AudioError."""
    from catalog.audio.feature_sets import musicnn
    from catalog.audio.feature_sets.clip import cached_clip
    from catalog.audio.feature_sets.musicnn_model import NETWORKS
    from catalog.audio.feature_sets.speech import speech_probability
    from catalog.audio.feature_sets.summary import feature_groups
    from catalog.audio.kernels import rhythm
    from catalog.audio.kernels.spectrum import HOP, SAMPLE_RATE

    decoded = decode(path)
    features = feature_groups(cached_clip(decoded.at(SAMPLE_RATE)))
    loudest = features["mel"].max()
    strength = rhythm.onset_strength(features["mel"])
    embedding = musicnn.compute(decoded.at(musicnn.SAMPLE_RATE))
    return Inspection(
        name=os.path.basename(os.fsencode(path)).decode("utf-8", "replace"),  # noqa: PTH119 -- file names are bytes
        stream=decoded.stream,
        container=decoded.container,
        windows=decoded.windows,
        loudness=decoded.loudness,
        frame_rate=SAMPLE_RATE / HOP,
        mel=features["mel"] - loudest,
        harmonic=np.maximum(features["harmonic"] - loudest, -RANGE),
        percussive=np.maximum(features["percussive"] - loudest, -RANGE),
        chroma=features["chroma_cqt"],
        strength=strength,
        onsets=rhythm.onsets(strength),
        descriptors={
            "tempo": _only(features["tempo"]),
            "onset_rate": _only(features["onset_rate"]),
            "brightness": float(features["spectral_centroid"].mean()),
            "harmonic_share": _only(features["harmonic_share"]),
            "percussive_share": _only(features["percussive_share"]),
        },
        tags={network: _ranked(musicnn.tag_probabilities(embedding, network)) for network in NETWORKS},
        speech_probability=speech_probability(embedding),
    )


def _ranked(tags: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(tags.items(), key=lambda item: -item[1]))


def _only(value: Float32) -> float:
    return float(value.item())


def _picture(decibels: Float32) -> Float32:
    power: npt.NDArray[np.float64] = 10 ** (decibels.astype(np.float64) / 10)
    return np.asarray(np.maximum(grid(power) + decibels.max(), -RANGE), np.float32)


def _rounded(values: npt.NDArray[np.floating[Any]], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
