"""What a stretch of sound looks like: the outline of its waveform, and its spectrogram."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError
from catalog.audio.decibel import decibels
from catalog.audio.decoding.media_file import MediaFile, Name
from catalog.audio.kernels.spectrum import BINS, FRAME, SAMPLE_RATE
from catalog.web.media.excerpt import Excerpt, frames

PEAKS = 600
COLUMNS = 1_000
MOST_FRAMES = 4
"""Spectra that a column of the picture is the mean of, at most."""
SHADES = "magma"


@dataclass(frozen=True, slots=True)
class TrackImages:
    """A stretch as pictures."""

    peaks: tuple[int, ...]
    """Largest amplitude of each of 600 equal parts, 0 to 100, the loudest being 100."""
    spectrogram: bytes
    """PNG, 1,000 x 128: mel bands upwards, 80 dB from black to the brightest."""


def render_images(path: Name, stretch: Excerpt) -> TrackImages:
    """Listens to a stretch of a file. Raises AudioError."""
    samples = _mono(path, stretch)
    return TrackImages(waveform_peaks(samples), spectrogram_png(mel_decibels(samples)))


def waveform_peaks(samples: Float32, count: int = PEAKS) -> tuple[int, ...]:
    """The largest amplitude of each of `count` equal parts, as percent of the largest of all."""
    edges = np.linspace(0, len(samples), count, endpoint=False).astype(np.int64)
    largest = np.maximum.reduceat(np.abs(samples), np.minimum(edges, len(samples) - 1))
    whole = float(largest.max())
    if whole <= 0:
        return (0,) * count
    return tuple(np.rint(100 * largest / whole).astype(int).tolist())


def mel_decibels(samples: Float32, columns: int = COLUMNS) -> Float32:
    """Mel bands over time (128, columns) in dB, 80 below the loudest at least: each column the mean of a few spectra."""
    from catalog.audio.kernels.filter_bank import mel_bank

    padded = np.pad(samples, (FRAME // 2, FRAME))
    share = len(samples) / columns
    taken = int(np.clip(share // FRAME, 1, MOST_FRAMES))
    window = np.hanning(FRAME).astype(np.float32)
    power = np.zeros((columns, BINS), np.float32)
    for part in range(taken):
        starts = ((np.arange(columns) + (part + 0.5) / taken) * share).astype(np.int64)
        for row, start in enumerate(starts.tolist()):
            power[row] += np.abs(np.fft.rfft(padded[start : start + FRAME] * window)) ** 2
    mel: Float32 = mel_bank().weights @ power.T
    return np.asarray(decibels(mel / max(float(mel.max()), 1e-10)), np.float32)


def spectrogram_png(rows: npt.NDArray[np.float32]) -> bytes:
    """A PNG of rows in dB, the first one at the bottom."""
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, rows, format="png", cmap=SHADES, vmin=-80, vmax=0, origin="lower")
    return file.getvalue()


def _mono(path: Name, stretch: Excerpt) -> Float32:
    """The samples at 22,050 Hz, mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    chunks: list[Float32] = []
    with MediaFile(path) as source:
        for frame in frames(source, stretch):
            frame.pts = None  # counted by samples: times are rounded, and damage leaves gaps
            chunks += [each.to_ndarray()[0] for each in resampler.resample(frame)]
        chunks += [each.to_ndarray()[0] for each in resampler.resample(None)] if chunks else []
        source.check()
    if not chunks:
        raise AudioError("undecodable", "the decoder could make nothing of its sound")
    return np.nan_to_num(np.concatenate(chunks), posinf=0.0, neginf=0.0)
