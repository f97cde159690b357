"""Waveform and spectrogram of an excerpt."""

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
from catalog.audio.kernels.filter_bank import MEL_BANDS, mel_bank
from catalog.audio.kernels.spectrum import BINS, FRAME, SAMPLE_RATE
from catalog.web.media.excerpt import Excerpt, frames

PEAKS = 600
COLUMNS = 1_000
MOST_FRAMES = 4
"""Most spectra averaged in one column of the spectrogram."""
SHADES = "magma"
LOUD_COLUMNS = 0.99
"""Quantile of the columns that tells whether a mel band is silent: a single click has every frequency."""
SILENCE = -75.0
"""dB below the maximum at which a mel band counts as silent."""
MARK_LIMIT = 0.9
"""Largest part of the bandwidth at which a frequency is marked, so that its label fits."""


@dataclass(frozen=True, slots=True)
class TrackImages:
    """The images of an excerpt."""

    peaks: tuple[int, ...]
    """Peak amplitude of each of 600 equal parts, 0 to 100, relative to the maximum."""
    spectrogram: bytes
    """PNG, 1,000 pixels wide: at most 128 mel bands, up to the bandwidth of the audio, from bottom to top, 80 dB."""
    marks: tuple[tuple[int, float], ...]
    """Three frequencies in Hz, each with its height in the spectrogram, 0 to 1."""


def render_images(path: Name, excerpt: Excerpt) -> TrackImages:
    """Renders the images of an excerpt of a file. Raises AudioError."""
    samples = _mono(path, excerpt)
    rows = within_bandwidth(mel_decibels(samples))
    return TrackImages(waveform_peaks(samples), spectrogram_png(rows), frequency_marks(len(rows)))


def waveform_peaks(samples: Float32, count: int = PEAKS) -> tuple[int, ...]:
    """The peak amplitude of each of `count` equal parts, as percent of the maximum."""
    edges = np.linspace(0, len(samples), count, endpoint=False).astype(np.int64)
    largest = np.maximum.reduceat(np.abs(samples), np.minimum(edges, len(samples) - 1))
    maximum = float(largest.max())
    if maximum <= 0:
        return (0,) * count
    return tuple(np.rint(100 * largest / maximum).astype(int).tolist())


def mel_decibels(samples: Float32, columns: int = COLUMNS) -> Float32:
    """Mel spectrogram (128, columns) in dB, at least 80 below the maximum; each column is the mean of a few spectra."""
    padded = np.pad(samples, (FRAME // 2, FRAME))
    share = len(samples) / columns
    per_column = int(np.clip(share // FRAME, 1, MOST_FRAMES))
    window = np.hanning(FRAME).astype(np.float32)
    power = np.zeros((columns, BINS), np.float32)
    for part in range(per_column):
        starts = ((np.arange(columns) + (part + 0.5) / per_column) * share).astype(np.int64)
        for row, start in enumerate(starts.tolist()):
            power[row] += np.abs(np.fft.rfft(padded[start : start + FRAME] * window)) ** 2
    mel: Float32 = mel_bank().weights @ power.T
    return np.asarray(decibels(mel / max(float(mel.max()), 1e-10)), np.float32)


def within_bandwidth(rows: Float32) -> Float32:
    """The mel bands, (bands, columns) in dB, without the silent ones at the top; at least a quarter of them."""
    audible = np.flatnonzero(np.quantile(rows, LOUD_COLUMNS, axis=1) > SILENCE)
    top = int(audible[-1]) + 1 if len(audible) else 0
    return rows[: max(top, len(rows) // 4)]


def frequency_marks(bands: int) -> tuple[tuple[int, float], ...]:
    """Three frequencies in Hz two octaves apart, each with its height in `bands` mel bands, 0 to 1."""
    import librosa

    step = float(librosa.hz_to_mel(SAMPLE_RATE / 2)) / (MEL_BANDS + 1)
    top = float(librosa.mel_to_hz(bands * step))
    highest = max(
        each for each in (500, 1_000, 2_000, 4_000, 8_000) if each < MARK_LIMIT * top or each == 500
    )
    heights = (
        (each, (float(librosa.hz_to_mel(each)) / step - 0.5) / bands)
        for each in (highest, highest // 4, highest // 16)
    )
    return tuple((hertz, round(height, 4)) for hertz, height in heights)


def spectrogram_png(rows: npt.NDArray[np.float32]) -> bytes:
    """A PNG of rows in dB, the first row at the bottom."""
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, rows, format="png", cmap=SHADES, vmin=-80, vmax=0, origin="lower")
    return file.getvalue()


def _mono(path: Name, excerpt: Excerpt) -> Float32:
    """The samples at 22,050 Hz, mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    chunks: list[Float32] = []
    with MediaFile(path) as source:
        for frame in frames(source, excerpt):
            frame.pts = (
                None  # the resampler counts samples: time stamps are rounded, and damaged files have gaps
            )
            chunks += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        chunks += [part.to_ndarray()[0] for part in resampler.resample(None)] if chunks else []
        source.check()
    if not chunks:
        raise AudioError("undecodable", "the audio cannot be decoded")
    return np.nan_to_num(np.concatenate(chunks), posinf=0.0, neginf=0.0)
