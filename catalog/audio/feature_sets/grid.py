"""The feature set `grid`: a decibel spectrogram pooled to 64 mel bands by 64 time segments."""

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform

SIDE = 64
RANGE = 80.0  # dB; values further below the maximum are raised to this


def grid(power: npt.NDArray[np.floating]) -> Float32:
    """A power spectrogram (bands, frames) in decibels relative to its maximum, -80 to 0, averaged to (64, 64).

    Decibels are averaged, not power, so that one loud frame does not dominate its cell. The 64 time segments have
    equal length for any number of frames: a frame on a border counts for both segments by its share; with fewer than
    64 frames a frame counts for several segments. Silence is -80 throughout. The number of bands must be a multiple
    of 64.
    """
    bands, frames = power.shape
    loudest = float(power.max())
    if loudest <= 0:
        return np.full((SIDE, SIDE), -RANGE, np.float32)
    # float64 represents 80 dB below very small powers.
    level = 10 * np.log10(np.maximum(power / np.float64(loudest), 10 ** (-RANGE / 10)))
    by_band = level.reshape(SIDE, bands // SIDE, frames).mean(axis=1)
    total = np.concatenate([np.zeros((SIDE, 1)), np.cumsum(by_band, axis=1)], axis=1)
    borders = np.linspace(0, frames, SIDE + 1)
    at = np.minimum(borders.astype(np.int64), frames - 1)
    until = total[:, at] + (borders - at) * by_band[:, at]
    picture: Float32 = (np.diff(until, axis=1) * (SIDE / frames)).astype(np.float32)
    return np.clip(picture, -RANGE, 0)


def _compute(waveform: Waveform) -> Float32:
    from catalog.audio.feature_sets.clip import cached_clip

    return grid(cached_clip(waveform).mel_power).reshape(-1)


GRID = FeatureSet(
    name="grid",
    version=1,
    parameters={
        "frame": 2048,
        "hop": 512,
        "window": "hann",
        "centered": True,
        "mel_bands": 128,
        "decibel_range": RANGE,
        "relative_to": "maximum",
        "bands": SIDE,
        "times": SIDE,
        "pooling": "mean of decibels",
    },
    dimensions=tuple(
        f"grid.band{band:02d}.time{time:02d}" for band in range(1, SIDE + 1) for time in range(1, SIDE + 1)
    ),
    sample_rate=22_050,
    compute=_compute,
    libraries=("librosa", "numba", "numpy", "scipy", "soxr"),
)
