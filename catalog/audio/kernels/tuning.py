"""Tuning: deviation of a recording from A 440."""

import librosa
import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.jit import jit
from catalog.audio.kernels.spectrum import FRAME, SAMPLE_RATE

_LOWEST, _HIGHEST = 150.0, 4000.0  # Hz, the range of peaks
_THRESHOLD = 0.1  # share of a frame's largest magnitude that a peak must exceed


def tuning(by_frame: Float32) -> float:
    """Deviation from A 440 in semitones, -0.5 to 0.49 in steps of 0.01; 0 without pitch. Input (frames, 1025 bins).

    The number that `librosa.estimate_tuning(S=magnitude)` gives: frequencies of spectral peaks by parabolic
    interpolation, those at least as strong as their median, the fullest hundredth of a semitone.
    """
    pitches, strengths = _peaks(by_frame, SAMPLE_RATE / FRAME)
    if not len(pitches):
        return 0.0
    strong = pitches[strengths >= np.median(strengths)]
    return float(librosa.pitch_tuning(strong, resolution=0.01, bins_per_octave=12))


@jit
def _peaks(by_frame: Float32, resolution: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Frequency (Hz) and height of every spectral peak, as in `librosa.piptrack`."""
    frames = len(by_frame)
    first = int(np.ceil(_LOWEST / resolution))
    last = int(np.ceil(_HIGHEST / resolution))
    capacity = frames * ((last - first) // 2 + 1)  # no two neighbors are both peaks
    pitches = np.empty(capacity, np.float32)
    strengths = np.empty(capacity, np.float32)
    count = 0
    for frame in range(frames):
        row = by_frame[frame]
        largest = np.float32(0)
        for k in range(len(row)):
            largest = max(largest, row[k])
        threshold = np.float32(_THRESHOLD) * largest
        for k in range(first, last):
            height, before, after = row[k], row[k - 1], row[k + 1]
            if height <= threshold:
                continue
            # A neighbor below the threshold counts as zero; of equal neighbors the first is the peak.
            if height > (before if before > threshold else 0) and height >= (
                after if after > threshold else 0
            ):
                curve = np.float64(after + before) - 2.0 * np.float64(height)
                slope = np.float64(after - before) / 2
                shift = np.float32(0)
                if abs(slope) < abs(curve):
                    shift = np.float32(-slope / curve)
                pitches[count] = (k + np.float64(shift)) * resolution
                strengths[count] = height + np.float32(0.5) * ((after - before) / np.float32(2)) * shift
                count += 1
    return pitches[:count], strengths[:count]
