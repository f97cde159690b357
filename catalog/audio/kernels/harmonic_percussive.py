"""Harmonic-percussive separation of a spectrum by median filtering."""

import numpy as np

from catalog.arrays import Float32
from catalog.audio.jit import jit
from catalog.audio.kernels.blocked_spectrum import FrameBlocks
from catalog.audio.kernels.median import running_median
from catalog.audio.kernels.spectrum import Spectrum


def harmonic_percussive(spectrum: Spectrum) -> tuple[FrameBlocks, FrameBlocks]:
    """Magnitudes of the harmonic and of the percussive part; together they are the spectrum.

    Median filtering after Fitzgerald, "Harmonic/percussive separation using median filtering" (DAFx 2010): along
    time for the harmonic part, along frequency for the percussive part, then soft masks of power 2. Bit-identical to
    `librosa.decompose.hpss(magnitude)`: margin 1, kernel 31.
    """
    whole = spectrum.blocks.blocks
    harmonic = FrameBlocks.of(running_median(spectrum.by_frame))
    percussive = FrameBlocks(np.empty_like(whole), harmonic.frames)
    for source, target in zip(whole, percussive.blocks, strict=True):
        running_median(source, target)
    _mask(whole.reshape(-1), harmonic.blocks.reshape(-1), percussive.blocks.reshape(-1))
    return harmonic, percussive


def energy_ratios(whole: FrameBlocks, harmonic: FrameBlocks, percussive: FrameBlocks) -> tuple[float, float]:
    """The energy of each part as a share, 0 to 1, of that of the whole spectrum; 0 and 0 of silence.

    Energy is the sum of squared magnitudes. The magnitudes of the parts add up to the spectrum, their energies do not:
    the rest belongs to bins where both parts are present, a quarter for each at worst.
    """
    total = _energy(whole)
    if total <= 0:
        return 0.0, 0.0
    return min(1.0, _energy(harmonic) / total), min(1.0, _energy(percussive) / total)


def _energy(magnitude: FrameBlocks) -> float:
    # Not by BLAS, whose last digit depends on its threads.
    return float(np.einsum("tbi,tbi->t", magnitude.blocks, magnitude.blocks).sum(dtype=np.float64))


@jit
def _mask(magnitude: Float32, harmonic: Float32, percussive: Float32) -> None:
    """Turn the two medians into the two parts, in place; where both are nothing, half each."""
    one, half = np.float32(1), np.float32(0.5)
    tiny = np.float32(1.1754944e-38)  # the smallest normal number, as in librosa.util.softmask
    for i in range(len(magnitude)):
        largest = max(harmonic[i], percussive[i])
        nothing = largest < tiny
        scale = one if nothing else largest
        first, second = harmonic[i] / scale, percussive[i] / scale
        first, second = first * first, second * second
        both = one if nothing else first + second
        harmonic[i] = magnitude[i] * (half if nothing else first / both)
        percussive[i] = magnitude[i] * (half if nothing else second / both)
