"""Analysis of a file: vectors, stream facts, loudness, speech probability, provenance."""

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
    """The result for one file."""

    vectors: Mapping[str, Float32]  # feature set -> one number for each of its dimensions, all finite
    stream: Stream
    loudness: float  # dBFS RMS of the analyzed windows that are not silent; rarely above 0
    speech_probability: float | None  # 0 to 1, speech without music; None if musicnn was not computed
    provenance: Mapping[str, Any]  # JSON serializable; explains a vector, never makes it stale


def analyze(path: Name, feature_sets: Sequence[FeatureSet]) -> Analysis:
    """Decodes the file once and computes each feature set from it.

    Raises AudioError. The same bytes give the same numbers, whatever the name of the file.
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
            f"feature set {recipe.name} returned {vector.dtype} {vector.shape}, not float32 ({len(recipe.dimensions)},)"
        )
    if not np.isfinite(vector).all():
        raise AudioError("not-finite", f"feature set {recipe.name} returned NaN or infinity")
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
