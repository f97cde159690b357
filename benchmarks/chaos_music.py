"""A collection that changes during the test, with the expected vector or failure reason of each file.

The feature set is fast. The loudness of a file selects its behavior: it computes, fails, crashes or hangs. The vector
contains the first samples, so it shows from which version of which file it was computed.
"""

from __future__ import annotations

import io
import os
import random
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8_000
SECONDS = 0.6
VECTOR_SAMPLES = 998
"""Number of samples in a vector; the other two dimensions are level and length."""
NAME = "chaos"
LOUD = 0.3

RECIPE = f"""
import os, signal, time
import numpy as np
from catalog.audio.feature_set import FeatureSet

def compute(waveform):
    level = round(float(np.abs(waveform.samples).max()), 1)
    time.sleep(float(os.environ.get("CHAOS_SECONDS", "0")))
    if level == 0.5:
        os._exit(3)
    if level == 0.6:
        os.kill(os.getpid(), signal.SIGSEGV)
    if level == 0.7:
        time.sleep(1_000_000)
    if level == 0.8:
        raise ValueError("too loud")
    return np.concatenate([[level, waveform.seconds], waveform.samples[:{VECTOR_SAMPLES}]]).astype(np.float32)

NAMES = ("level", "seconds", *(f"sample.{{at}}" for at in range({VECTOR_SAMPLES})))
RECIPE = FeatureSet("{NAME}", 1, {{}}, NAMES, {RATE}, compute)
"""

BAD = {
    "exits": "poison",
    "crashes": "poison",
    "hangs": "poison",
    "raises": "error",
    "text": "not-audio",
    "empty": "empty",
    "short": "too-short",
}
"""Behavior of a bad file -> the failure reason that the catalog must store."""
LEVELS = {"exits": 0.5, "crashes": 0.6, "hangs": 0.7, "raises": 0.8}


@dataclass(frozen=True)
class Sound:
    """The content of a file."""

    seed: int
    bad: str | None = None

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """The samples in the file."""
        seconds = SECONDS / 4 if self.bad == "short" else SECONDS
        noise = np.random.default_rng(self.seed).uniform(-1, 1, int(seconds * RATE))
        noise[0] = 1
        return (noise * LEVELS.get(self.bad or "", LOUD) * 32_767).astype(np.int16)

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        if self.bad == "text":
            return f"This file contains text instead of audio, number {self.seed}.\n".encode() * 99
        if self.bad == "empty":
            return b""
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(self.samples.astype("<i2").tobytes())
        return stream.getvalue()

    @property
    def vector(self) -> npt.NDArray[np.float32]:
        """The vector that the feature set must compute."""
        return np.concatenate([[LOUD, SECONDS], self.samples[:VECTOR_SAMPLES] / 32_768]).astype(np.float32)


class Music:
    """A folder of sounds."""

    def __init__(self, folder: Path, randomness: random.Random) -> None:
        self.folder = folder
        self.sounds: dict[str, Sound] = {}
        self._random = randomness
        self._seed = 0
        folder.mkdir()

    def make(self, tracks: int, bad: list[str]) -> None:
        """Add files; the first ones are bad in the given ways."""
        for number in range(tracks):
            self._put(f"{len(self.sounds):05}.wav", None if number >= len(bad) else bad[number])

    def change(self, tracks: int) -> None:
        """Replace the content of random files with new, intact audio."""
        for name in self._random.sample(sorted(self.sounds), min(tracks, len(self.sounds))):
            self._put(name, None)

    def _put(self, name: str, bad: str | None) -> None:
        self._seed += 1
        sound = self.sounds[name] = Sound(self._seed, bad)
        # Replace the file atomically, as an editor does.
        draft = self.folder.with_name("draft")
        draft.write_bytes(sound.content)
        draft.replace(self.folder / name)


def install_recipe(folder: Path) -> None:
    """Write a distribution with the feature set into the folder. PYTHONPATH makes it importable."""
    folder.mkdir(exist_ok=True)
    (folder / "chaos_recipe.py").write_text(RECIPE)
    information = folder / "chaos_recipe-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: chaos-recipe\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        f"[music_catalog.feature_sets]\n{NAME} = chaos_recipe:RECIPE\n"
    )


def search_path(folder: Path) -> str:
    """PYTHONPATH with the folder first."""
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
