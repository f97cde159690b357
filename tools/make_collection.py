"""Makes a small collection of synthetic music in which some tags are missing and some are wrong.

    python tools/make_collection.py FOLDER [--seed N]

Four styles (a beat, a pad, plucked strings, distorted chords) with six artists each and three tracks per artist. Two
tracks have the genre of another style, every sixth track has no genre, and one file is too short to be analyzed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from mutagen.flac import FLAC
from numpy.typing import NDArray

SAMPLE_RATE = 22_050
SECONDS = 7.0
ARTISTS = 6
TRACKS = 3

Samples = NDArray[np.float32]
Random = np.random.Generator


@dataclass(frozen=True)
class Style:
    """Spellings of a genre, and the function that makes its sound."""

    genre: str
    spellings: tuple[str, ...]
    artists: tuple[str, ...]
    play: Callable[[Random], Samples]


def clock(seconds: float = SECONDS) -> Samples:
    """The times of the samples, in seconds."""
    return (np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)


def frequency(semitones: float) -> float:
    """Hertz of a note given in semitones above A3."""
    return float(220.0 * 2 ** (semitones / 12))


def strike(sound: Samples, note: Samples, second: float) -> None:
    """Adds a note to a sound, starting at a time."""
    start = int(second * SAMPLE_RATE)
    end = min(start + len(note), len(sound))
    if start < end:
        sound[start:end] += note[: end - start]


def techno(random: Random) -> Samples:
    """A kick on every beat, noise between the beats, and a sawtooth bass."""
    sound = np.zeros(len(clock()), dtype=np.float32)
    beat = 60 / random.uniform(122, 138)
    t = clock(0.3)
    kick = np.sin(2 * np.pi * (50 * t + 12 * (1 - np.exp(-t * 30)))) * np.exp(-t * 9)
    hiss = random.standard_normal(len(clock(0.06))) * np.exp(-clock(0.06) * 70) * 0.3
    bass_note = random.integers(-30, -22)
    t = clock(beat / 4)
    bass = (2 * ((t * frequency(float(bass_note))) % 1) - 1) * np.exp(-t * 12) * 0.5
    for index in range(int(SECONDS / beat) + 1):
        strike(sound, kick.astype(np.float32), index * beat)
        strike(sound, hiss.astype(np.float32), (index + 0.5) * beat)
        for quarter in (1, 2, 3):
            strike(sound, bass.astype(np.float32), (index + quarter / 4) * beat)
    return sound


def ambient(random: Random) -> Samples:
    """Slow chords of sines that swell, over breath-like noise."""
    t = clock()
    sound = np.zeros(len(t), dtype=np.float32)
    root = random.integers(-24, -8)
    for interval in (0, 7, 12, 16, 19):
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(0.05, 0.2) * t + random.uniform(0, 6))
        detune = random.uniform(-0.05, 0.05)
        sound += (np.sin(2 * np.pi * frequency(float(root + interval) + detune) * t) * swell).astype(
            np.float32
        )
    breath = np.convolve(random.standard_normal(len(t)), np.ones(60) / 60, mode="same")
    return (sound + breath * 0.4).astype(np.float32)


def plucked(random: Random) -> Samples:
    """Broken chords of strings that ring and fade, without drums."""
    sound = np.zeros(len(clock()), dtype=np.float32)
    step = random.uniform(0.16, 0.26)
    root = int(random.integers(-5, 6))
    t = clock(1.4)
    for index in range(int(SECONDS / step)):
        chord = [(0, 4, 7, 12), (5, 9, 12, 17), (7, 11, 14, 19), (0, 4, 7, 12)][index // 8 % 4]
        pitch = frequency(root + chord[index % 4])
        overtones = range(1, 12)
        note = sum(np.sin(2 * np.pi * pitch * n * t) * np.exp(-t * (2 + n)) / n for n in overtones)
        strike(sound, np.asarray(note, dtype=np.float32), index * step)
    return sound


def distorted(random: Random) -> Samples:
    """Fifths driven into clipping, palm-muted, with fast drums."""
    sound = np.zeros(len(clock()), dtype=np.float32)
    step = 60 / random.uniform(170, 200) / 2
    root = int(random.integers(-20, -14))
    t = clock(step)
    snare = random.standard_normal(len(clock(0.12))) * np.exp(-clock(0.12) * 30)
    kick = np.sin(2 * np.pi * 60 * clock(0.1)) * np.exp(-clock(0.1) * 25)
    for index in range(int(SECONDS / step)):
        pitch = frequency(root + [0, 0, 0, 3, 0, 0, 5, 6][index % 8])
        chord = sum(2 * ((t * pitch * ratio) % 1) - 1 for ratio in (1, 1.5, 2))
        strike(sound, (np.tanh(np.asarray(chord) * 8) * np.exp(-t * 3)).astype(np.float32), index * step)
        strike(sound, kick.astype(np.float32), index * step)
        if index % 4 == 2:
            strike(sound, (snare * 1.2).astype(np.float32), index * step)
    return sound


STYLES = (
    Style(
        "Techno",
        ("Techno", "techno"),
        ("Grid Nine", "Motor Hall", "Night Shift", "Pulse Unit", "Relay", "Warehouse Two"),
        techno,
    ),
    Style(
        "Ambient",
        ("Ambient", "ambient"),
        ("Cold Shore", "Drift", "Lamplight", "Moss", "Slow Tide", "Vapor"),
        ambient,
    ),
    Style(
        "Classical",
        ("Classical", "classical"),
        ("A. Corde", "B. Linden", "C. Aria", "D. Viola", "E. Cembalo", "F. Prelude"),
        plucked,
    ),
    Style(
        "Metal",
        ("Metal", "metal", "Finnish Metal"),
        ("Anvil Choir", "Black Kiln", "Crown of Rust", "Iron Fjord", "Slag", "Thorn"),
        distorted,
    ),
)


def write_track(path: Path, sound: Samples, tags: dict[str, str]) -> None:
    """Writes a FLAC file with its tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    loudest = max(float(np.abs(sound).max()), 1e-9)
    samples = np.clip(sound / loudest * 0.7 * 32767, -32768, 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    audio = FLAC(path)  # type: ignore[no-untyped-call]
    for name, text in tags.items():
        audio[name] = text
    audio.save()


def make_collection(folder: Path, seed: int = 0) -> int:
    """Writes the collection to a folder and returns the number of files."""
    random = np.random.default_rng(seed)
    files = 0
    for style, other in zip(STYLES, (*STYLES[1:], STYLES[0]), strict=True):
        for artist in style.artists:
            for number in range(1, TRACKS + 1):
                spelling = style.spellings[files % len(style.spellings)]
                tags = {
                    "artist": artist,
                    "album": f"{artist} at Home",
                    "title": f"{style.genre} Study {number}",
                    "tracknumber": str(number),
                    "genre": spelling,
                }
                if files % 6 == 5:
                    del tags["genre"]
                elif artist in {"Night Shift", "C. Aria"} and number == 1:
                    tags["genre"] = other.genre
                write_track(folder / artist / f"{number:02d} {tags['title']}.flac", style.play(random), tags)
                files += 1
    write_track(
        folder / "click.flac", plucked(random)[: SAMPLE_RATE // 8], {"title": "Click", "genre": "Techno"}
    )
    return files + 1


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{make_collection(arguments.folder, arguments.seed)} files in {arguments.folder}")


if __name__ == "__main__":
    main()
