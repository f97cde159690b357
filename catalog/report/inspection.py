"""What the sound of one file shows: its spectrum, what sounds and what strikes in it, pitch, rhythm, the networks' words."""

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
    """One listening, frame by frame. Rows are (rows, frames) over the windows, one after the other."""

    name: str
    """Of the file, without its folder; what is no text in it replaced."""
    stream: Stream
    container: str
    windows: tuple[Window, ...]
    """Which seconds of the file were listened to."""
    loudness: float
    """dBFS RMS."""
    frame_rate: float
    """Frames a second."""
    mel: Float32
    """(128, frames): dB below the loudest value of the whole, -80 to 0."""
    harmonic: Float32
    """(128, frames): likewise, of what sounds, below the loudest value of the whole."""
    percussive: Float32
    """(128, frames): likewise, of what strikes."""
    chroma: Float32
    """(12, frames): pitch classes from C on, the strongest of each frame 1."""
    strength: Float32
    """(frames,): how much louder than the frame before, in dB averaged over the bands."""
    onsets: npt.NDArray[np.int64]
    """Frames at which something begins."""
    descriptors: Mapping[str, float]
    """tempo, onset_rate, brightness, harmonic_share, percussive_share."""
    tags: Mapping[str, Mapping[str, float]]
    """Network -> tag -> probability, the likeliest first."""
    speech_probability: float

    @property
    def seconds(self) -> float:
        """How much was listened to."""
        return sum(end - begin for begin, end in self.windows)

    def second_in_file(self, heard: float) -> float:
        """Where in the file the sound is that was listened to after so many seconds."""
        for begin, end in self.windows:
            if heard < end - begin:
                return begin + heard
            heard -= end - begin
        return self.windows[-1][1]

    def facts(self) -> dict[str, Any]:
        """All of it that fits JSON: the rows averaged to 64 stretches of time, spectra to 64 bands too."""
        begun = [self.second_in_file(frame / self.frame_rate) for frame in self.onsets.tolist()]
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
            "onsets": [round(second, 3) for second in begun],
            "chroma": dict(zip(PITCH_CLASSES, _rounded(self.chroma.mean(axis=1), 4), strict=True)),
            "tags": {
                network: {tag: round(value, 4) for tag, value in tags.items()}
                for network, tags in self.tags.items()
            },
            "pictures": {
                "unit": "dB below the loudest value of the spectrogram",
                "rows": f"{SIDE} mel bands from 0 Hz up",
                "columns": f"{SIDE} equal stretches of what was listened to",
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
    """Listens to a file; needs no catalog. AudioError says why it cannot."""
    from catalog.audio.feature_sets import musicnn
    from catalog.audio.feature_sets.clip import cached_clip
    from catalog.audio.feature_sets.musicnn_model import NETWORKS
    from catalog.audio.feature_sets.speech import speech_probability
    from catalog.audio.feature_sets.summary import feature_groups
    from catalog.audio.kernels import rhythm
    from catalog.audio.kernels.spectrum import HOP, SAMPLE_RATE

    decoded = decode(path)
    found = feature_groups(cached_clip(decoded.at(SAMPLE_RATE)))
    loudest = found["mel"].max()
    strength = rhythm.onset_strength(found["mel"])
    heard = musicnn.compute(decoded.at(musicnn.SAMPLE_RATE))
    return Inspection(
        name=os.path.basename(os.fsencode(path)).decode("utf-8", "replace"),  # noqa: PTH119 -- a name is bytes
        stream=decoded.stream,
        container=decoded.container,
        windows=decoded.windows,
        loudness=decoded.loudness,
        frame_rate=SAMPLE_RATE / HOP,
        mel=found["mel"] - loudest,
        harmonic=np.maximum(found["harmonic"] - loudest, -RANGE),
        percussive=np.maximum(found["percussive"] - loudest, -RANGE),
        chroma=found["chroma_cqt"],
        strength=strength,
        onsets=rhythm.onsets(strength),
        descriptors={
            "tempo": _only(found["tempo"]),
            "onset_rate": _only(found["onset_rate"]),
            "brightness": float(found["spectral_centroid"].mean()),
            "harmonic_share": _only(found["harmonic_share"]),
            "percussive_share": _only(found["percussive_share"]),
        },
        tags={network: _ranked(musicnn.tag_probabilities(heard, network)) for network in NETWORKS},
        speech_probability=speech_probability(heard),
    )


def _ranked(tags: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(tags.items(), key=lambda each: -each[1]))


def _only(value: Float32) -> float:
    return float(value.item())


def _picture(decibels: Float32) -> Float32:
    power: npt.NDArray[np.float64] = 10 ** (decibels.astype(np.float64) / 10)
    return np.asarray(np.maximum(grid(power) + decibels.max(), -RANGE), np.float32)


def _rounded(values: npt.NDArray[np.floating[Any]], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
