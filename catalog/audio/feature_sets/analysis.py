"""Everything one listening to a file gives: vectors, stream facts, loudness, speech, and how they came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import av
import numpy as np

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.decode import Decoded, Stream, decode
from catalog.audio.decoding.media_file import Name
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets.speech import speech_probability


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found out about one file."""

    vectors: Mapping[str, Float32]  # feature set -> one number for each of its dimensions, all finite
    stream: Stream
    loudness: float  # dBFS RMS of what was analyzed, silent windows left out; below 0, rarely above
    speech_probability: (
        float | None
    )  # 0..1 that this is talk and no music; None where musicnn was not computed
    provenance: Mapping[str, Any]  # what JSON can hold; explains a vector, never makes it stale


def analyze(path: Name, feature_sets: Sequence[FeatureSet]) -> Analysis:
    """Decodes the file once and computes each feature set from it.

    AudioError says why a file has no analysis. The same bytes give the same numbers, whatever the file is called.
    """
    decoded = decode(path)
    waveforms: dict[int, Waveform] = {}
    vectors: dict[str, Float32] = {}
    for recipe in feature_sets:
        if recipe.sample_rate not in waveforms:
            waveforms[recipe.sample_rate] = decoded.at(recipe.sample_rate)
        vectors[recipe.name] = _vector(recipe, waveforms[recipe.sample_rate])
    return Analysis(
        vectors=vectors,
        stream=decoded.stream,
        loudness=decoded.loudness,
        speech_probability=speech_probability(vectors["musicnn"]) if "musicnn" in vectors else None,
        provenance=_provenance(decoded, feature_sets),
    )


def _vector(recipe: FeatureSet, waveform: Waveform) -> Float32:
    vector = recipe.compute(waveform)
    if vector.shape != (len(recipe.dimensions),) or vector.dtype != np.float32:
        raise TypeError(
            f"feature set {recipe.name} gave {vector.dtype} {vector.shape} for {len(recipe.dimensions)} names"
        )
    if not np.isfinite(vector).all():
        raise AudioError("not-finite", f"feature set {recipe.name} gave a number that is none")
    return vector


def _provenance(decoded: Decoded, feature_sets: Sequence[FeatureSet]) -> dict[str, Any]:
    libraries = {"av", "soxr"}.union(*(recipe.libraries for recipe in feature_sets))
    return {
        "decoder": "PyAV",
        "ffmpeg": av.ffmpeg_version_info,
        "container": decoded.container,
        "libraries": {library: _version(library) for library in sorted(libraries)},
        "windows": [[round(begin, 3), round(end, 3)] for begin, end in decoded.windows],
        "damaged": decoded.damaged,
    }


@cache
def _version(distribution: str) -> str:
    return version(distribution)
