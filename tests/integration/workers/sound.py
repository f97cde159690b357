"""Files of synthetic sound. Their level decides what the feature set of the tests does."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

QUIET, EXITS, CRASHES, HANGS, RAISES, HUNGRY = 0.3, 0.5, 0.6, 0.7, 0.8, 0.9

AddTracks = Callable[..., list[int]]


def write_sound(path: Path, level: float = QUIET, seconds: float = 0.6, pitch: float = 220.0) -> None:
    times = np.arange(int(seconds * 8_000)) / 8_000
    samples = (np.sign(np.sin(2 * np.pi * pitch * times)) * level * 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(samples.tobytes())
