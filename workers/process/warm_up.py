"""One extraction before anything is forked: what is imported and computed once, every work horse then has."""

from __future__ import annotations

import gc
import importlib
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.analysis import Analysis, analyze

SECONDS, SAMPLE_RATE = 4, 44_100
LEARNING = (
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.svm",
    "workers.process.task",
)


def warm(features: Sequence[FeatureSet]) -> Analysis:
    """Decodes and analyzes a few seconds of noise, and keeps what came of it out of the reach of copy-on-write."""
    noise = np.random.default_rng(0).normal(scale=3_000, size=SECONDS * SAMPLE_RATE).astype("<i2")
    with tempfile.TemporaryDirectory(prefix="catalog") as folder:
        path = Path(folder) / "noise.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(noise.tobytes())
        analysis = analyze(path, features)
    gc.collect()
    gc.freeze()
    return analysis


def warm_learning() -> None:
    """Imports what tasks of learning need, and calls nothing of it: no thread is there when a horse is forked."""
    for name in LEARNING:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
