"""Zero-crossing rate of the waveform."""

import numpy as np

from catalog.arrays import Float32
from catalog.audio.kernels.spectrum import FRAME, HOP, frame_count

_THRESHOLD = 1e-10  # smaller values count as zero, and zero as positive


def zero_crossing_rate(samples: Float32) -> Float32:
    """Sign changes a sample in each centered frame (frames,), 0 to 1: `librosa.feature.zero_crossing_rate`."""
    negative = samples < np.float64(-_THRESHOLD)
    crossings = np.zeros(
        len(samples) + FRAME, np.int32
    )  # at each sample of the padded clip, whose ends are constant
    np.not_equal(negative[1:], negative[:-1], out=crossings[FRAME // 2 + 1 : -FRAME // 2], casting="unsafe")
    cumulative = np.cumsum(crossings, dtype=np.int32)
    starts = np.arange(frame_count(len(samples))) * HOP
    # A change between the first sample of a frame and the sample before it does not count for that frame.
    return ((cumulative[starts + FRAME - 1] - cumulative[starts]) / FRAME).astype(np.float32)
