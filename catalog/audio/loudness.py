"""Loudness of samples in dBFS."""

import math

import numpy as np

from catalog.arrays import Float32

# RMS in dBFS below which there is only the dither of 16 bits.
SILENCE = -90.0
BLOCK = 65_536  # samples


def loudness(*parts: Float32) -> float:
    """RMS over all parts in dBFS: 0 is a square wave at full scale, a sine is -3.01; minus infinity for silence."""
    count = sum(part.size for part in parts)
    # Block by block, because a whole window in float64 would be large.
    energy = sum(
        float(np.square(part[begin : begin + BLOCK], dtype=np.float64).sum())
        for part in parts
        for begin in range(0, part.size, BLOCK)
    )
    return 10 * math.log10(energy / count) if energy else -math.inf
