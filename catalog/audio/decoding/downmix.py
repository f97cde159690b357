"""Downmix of decoded frames to mono float32 samples."""

from typing import Any

import numpy as np
from av.audio.frame import AudioFrame

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError

# FFmpeg's sample formats: dtype, zero level, full scale.
_FORMATS: dict[str, tuple[np.dtype[Any], int, float]] = {
    "u8": (np.dtype(np.uint8), 128, 2.0**7),
    "s16": (np.dtype(np.int16), 0, 2.0**15),
    "s32": (np.dtype(np.int32), 0, 2.0**31),
    "s64": (np.dtype(np.int64), 0, 2.0**63),
    "flt": (np.dtype(np.float32), 0, 1.0),
    "dbl": (np.dtype(np.float64), 0, 1.0),
}
# No recording exceeds this; such a sample is damage, and its square may exceed float32.
LOUDEST = 1e6


def downmix(frame: AudioFrame) -> tuple[Float32, int]:
    """The mean of the channels, full scale = 1, and the number of samples that were invalid and set to 0."""
    # Not frame.to_ndarray(), which does not support s64.
    sample_format = _FORMATS.get(frame.format.name.removesuffix("p"))
    if sample_format is None:
        raise AudioError("undecodable", f"unsupported sample format {frame.format.name}")
    dtype, zero, scale = sample_format
    channels, count = frame.layout.nb_channels, frame.samples
    total = np.zeros(count, np.float64)
    if frame.format.is_planar:
        planes = [np.frombuffer(memoryview(data), dtype, count) for data in frame.planes]
    else:
        planes = list(
            np.frombuffer(memoryview(frame.planes[0]), dtype, count * channels).reshape(count, channels).T
        )
    damaged = 0
    for plane in planes:
        # Not "above LOUDEST", which is false for NaN.
        if dtype.kind == "f" and not (plane.min() >= -LOUDEST and plane.max() <= LOUDEST):
            bad = ~(np.abs(plane) <= LOUDEST)
            damaged += int(np.count_nonzero(bad))
            plane = np.where(bad, 0, plane)  # noqa: PLW2901 -- the channel without invalid samples
        total += plane
    total /= len(planes)
    if zero:
        total -= zero
    if scale != 1:
        total /= scale
    return total.astype(np.float32), damaged
