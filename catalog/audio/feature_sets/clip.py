"""A clip at 22,050 Hz with cached intermediate results that feature sets share."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from catalog.arrays import Float32
from catalog.audio.feature_set import Waveform
from catalog.audio.kernels.blocked_spectrum import FrameBlocks
from catalog.audio.kernels.filter_bank import mel_bank
from catalog.audio.kernels.harmonic_percussive import harmonic_percussive
from catalog.audio.kernels.spectrum import SAMPLE_RATE, Spectrum, spectrum
from catalog.audio.malloc import retain_freed_memory

# 60 dB over full scale: values beyond it in float files are invalid, and their square may overflow.
LOUDEST = 1024.0


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono samples at 22,050 Hz, at most 1,024 times full scale."""

    samples: Float32

    @classmethod
    def of(cls, samples: Float32) -> "Clip":
        """The clipped samples."""
        retain_freed_memory()
        return cls(np.clip(samples, -LOUDEST, LOUDEST))

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @cached_property
    def spectrum(self) -> Spectrum:
        """Magnitudes (1025 bins) of 1 + n // 512 frames."""
        return spectrum(self.samples)

    @cached_property
    def hpss(self) -> tuple[FrameBlocks, FrameBlocks]:
        """Harmonic and percussive part; together they are the spectrum."""
        return harmonic_percussive(self.spectrum)

    @cached_property
    def mel_power(self) -> Float32:
        """Power in 128 mel bands (128, frames)."""
        return mel_bank().power(self.spectrum.blocks)


_clips: WeakKeyDictionary[Waveform, Clip] = WeakKeyDictionary()


def cached_clip(waveform: Waveform) -> Clip:
    """The clip of a waveform; the same object for as long as the waveform exists.

    `analyze` passes the same waveform to all feature sets of a sample rate, so `summary` and `grid` share a spectrum.
    Raises ValueError for another sample rate and for an empty waveform.
    """
    if waveform.sample_rate != SAMPLE_RATE:
        raise ValueError(f"a clip has a sample rate of {SAMPLE_RATE} Hz, not {waveform.sample_rate}")
    if not len(waveform.samples):
        raise ValueError("the waveform is empty")
    clip = _clips.get(waveform)
    if clip is None:
        clip = _clips[waveform] = Clip.of(waveform.samples)
    return clip
