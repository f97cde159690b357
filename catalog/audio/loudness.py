"""How loud samples are, in decibels below full scale."""

import numpy as np

from catalog.audio.feature_set import Float32

# RMS in dBFS below which there is only the dither of 16 bits: nothing to hear and nothing worth raising.
SILENCE = -90.0


def loudness(samples: Float32) -> float:
    """RMS in dBFS: 0 is a square wave at full scale, a sine is -3.01; minus infinity for zeros or no samples."""
    if not samples.size:
        return float("-inf")
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * float(np.log10(power)) if power else float("-inf")
