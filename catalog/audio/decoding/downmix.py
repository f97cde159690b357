"""Decoded frames as mono float32 samples."""

from typing import Any

import numpy as np
from av.audio.frame import AudioFrame

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError

# FFmpeg's sample formats: the type of a number, what stands for zero, what is full scale.
_FORMATS: dict[str, tuple[np.dtype[Any], int, float]] = {
    "u8": (np.dtype(np.uint8), 128, 2.0**7),
    "s16": (np.dtype(np.int16), 0, 2.0**15),
    "s32": (np.dtype(np.int32), 0, 2.0**31),
    "s64": (np.dtype(np.int64), 0, 2.0**63),
    "flt": (np.dtype(np.float32), 0, 1.0),
    "dbl": (np.dtype(np.float64), 0, 1.0),
}
# No recording passes this; a sample that does is damage, or no sound at all, and its square may pass float32.
LOUDEST = 1e6


def downmix(frame: AudioFrame) -> tuple[Float32, int]:
    """The mean of the frame's channels, full scale = 1, and how many numbers were none, or absurd, and became 0."""
    # Not frame.to_ndarray(), which knows no s64.
    known = _FORMATS.get(frame.format.name.removesuffix("p"))
    if known is None:
        raise AudioError("undecodable", f"its decoder gives samples as {frame.format.name}")
    kind, zero, scale = known
    channels, count = frame.layout.nb_channels, frame.samples
    total = np.zeros(count, np.float64)
    if frame.format.is_planar:
        voices = [np.frombuffer(memoryview(plane), kind, count) for plane in frame.planes]
    else:
        voices = list(
            np.frombuffer(memoryview(frame.planes[0]), kind, count * channels).reshape(count, channels).T
        )
    damaged = 0
    for voice in voices:
        # Not "above LOUDEST": that is false of NaN.
        if kind.kind == "f" and not (voice.min() >= -LOUDEST and voice.max() <= LOUDEST):
            bad = ~(np.abs(voice) <= LOUDEST)
            damaged += int(np.count_nonzero(bad))
            voice = np.where(bad, 0, voice)  # noqa: PLW2901 -- the voice without what is no number
        total += voice
    total /= len(voices)
    if zero:
        total -= zero
    if scale != 1:
        total /= scale
    return total.astype(np.float32), damaged
