"""Sounds for tests: short, seeded, mono float32 at 22,050 Hz, each with the noise floor of a 16-bit recording."""

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32

RATE = 22_050


def _floor(samples: npt.NDArray[np.float64], seed: int) -> Float32:
    noise = np.random.default_rng(seed).standard_normal(len(samples))
    return (samples + 2e-5 * noise).astype(np.float32)


def chords(seconds: float = 5.0, cents: float = 17.0) -> Float32:
    """Four chords of decaying harmonics, struck every half second, tuned a little sharp."""
    samples = np.zeros(int(seconds * RATE))
    beat = np.arange(RATE) / RATE
    for strike in range(int(seconds * 2)):
        notes = [(48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50)][strike // 2 % 4]
        sound = np.zeros(RATE)
        for note in notes:
            frequency = 440 * 2 ** ((note - 69 + cents / 100) / 12)
            for harmonic in range(1, 12):
                sound += np.sin(2 * np.pi * harmonic * frequency * beat) / harmonic**1.3
        start = strike * RATE // 2
        length = min(RATE, len(samples) - start)
        samples[start : start + length] += 0.1 * (sound * np.exp(-3 * beat))[:length]
    return _floor(samples, 1)


def clicks(seconds: float = 5.0, beats: float = 140.0) -> Float32:
    """Bursts of noise, `beats` a minute."""
    generator = np.random.default_rng(2)
    samples = np.zeros(int(seconds * RATE))
    for start in np.arange(0, len(samples) - 2000, int(60 / beats * RATE)):
        samples[start : start + 2000] += (
            0.5 * generator.standard_normal(2000) * np.exp(-np.arange(2000) / 200)
        )
    return _floor(samples, 3)


def noise(seconds: float = 5.0) -> Float32:
    """White noise that swells and fades."""
    count = int(seconds * RATE)
    swell = 0.1 * (1.1 + np.sin(np.arange(count) / RATE * 3))
    return _floor(swell * np.random.default_rng(4).standard_normal(count), 5)


def vibrato(seconds: float = 5.0) -> Float32:
    """A voice-like tone around A4 that wavers five times a second."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * 440 * time + 4 * np.sin(2 * np.pi * 5 * time)
    return _floor(sum(0.2 * np.sin(partial * phase) / partial for partial in range(1, 8)), 6)


def pauses(seconds: float = 5.0) -> Float32:
    """Music with digital silence in its midst and at its end."""
    samples = chords(seconds) + clicks(seconds)
    third = len(samples) // 3
    samples[third : third + third // 2] = 0
    samples[-third // 2 :] = 0
    return samples


SOUNDS = {sound.__name__: sound for sound in (chords, clicks, noise, vibrato, pauses)}


def band(seconds: float = 4.0) -> Float32:
    """All of them at once: something for every family to measure."""
    mixed = chords(seconds) + clicks(seconds) + 0.1 * noise(seconds) + 0.5 * vibrato(seconds)
    return mixed.astype(np.float32)
