"""The samples of one excerpt, collected frame by frame from the decoder."""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.downmix import downmix
from catalog.audio.excerpts import Window
from catalog.audio.feature_set import Waveform
from catalog.audio.loudness import SILENCE, loudness

# Hz; the highest is that of decoded DSD256.
RATES = range(1_000, 1_411_201)
# Samples that are downmixed at a time: frame by frame the downmix would cost as much as decoding.
DOWNMIX_SAMPLES = 16_384


class ExcerptReader:
    """Collects the samples within a window from consecutive frames.

    The first frame is placed by its time, later ones by counting samples, because rounded times would make frames
    overlap. Lost frames leave no gap. Call `finish` after the last frame and before reading any property.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.channels = 0
        self.damaged = 0  # invalid samples, and packets that did not decode
        self._chunks: list[tuple[int, Float32]] = []  # sample rate, samples
        self._rate = 0
        # At the current rate: the second it began at; sample numbers of its first sample, of the next one, of the
        # window's first, of the first after the window, and of the one that completes the window.
        self._began = Fraction(0)
        self._first = self._next = self._low = self._high = self._full = 0
        self._queue = AudioFifo()
        self._queued_format: tuple[int, str, int] | None = None  # rate, sample format, channels in the queue
        self._start = 0  # number of the first sample in the queue

    def add(self, frame: AudioFrame, base: Fraction) -> None:
        """Adds the part of the next frame that lies in the window; `base` is the stream's time base."""
        if frame.sample_rate != self._rate:
            self._change_rate(frame, base)
        start = self._next
        self._next += frame.samples
        if start < self._high and self._low < self._next:
            self._collect(frame, start)

    def finish(self) -> None:
        """Downmixes the queued samples."""
        frame = self._queue.read()
        if frame is None:
            return
        samples, damaged = downmix(frame)
        self._chunks.append((self._rate, samples[max(0, self._low - self._start) : self._high - self._start]))
        self.damaged += damaged

    @property
    def full(self) -> bool:
        return self._rate > 0 and self._next >= self._full

    @property
    def seconds(self) -> float:
        return sum(len(samples) / rate for rate, samples in self._chunks)

    @property
    def audible(self) -> bool:
        return loudness(*(samples for _, samples in self._chunks)) >= SILENCE

    @property
    def runs(self) -> Iterator[Waveform]:
        """One waveform per run of constant sample rate; concatenated files have several."""
        pending: list[Float32] = []
        for number, (rate, samples) in enumerate(self._chunks):
            pending.append(samples)
            if number + 1 == len(self._chunks) or self._chunks[number + 1][0] != rate:
                yield Waveform(np.concatenate(pending), rate)
                pending = []

    def _change_rate(self, frame: AudioFrame, base: Fraction) -> None:
        rate = frame.sample_rate
        if rate not in RATES:
            raise AudioError("undecodable", f"invalid sample rate of {rate} Hz")
        self.finish()
        if self._rate:
            self._began += Fraction(self._next - self._first, self._rate)
        elif frame.pts is None:
            self._began = Fraction(self.window[0])
        else:
            self._began = frame.pts * (frame.time_base or base)
        self._rate = rate
        self._first = self._next = _sample(self._began, rate)
        self._low, self._high = (_sample(second, rate) for second in self.window)
        self._full = self._first + math.ceil((Fraction(self.window[1]) - self._began) * rate)

    def _collect(self, frame: AudioFrame, start: int) -> None:
        # Compared here, because FFmpeg's queue would read channels that a frame does not have.
        frame_format = (self._rate, frame.format.name, frame.layout.nb_channels)
        if frame_format != self._queued_format:
            self.finish()
            self._queue, self._queued_format = AudioFifo(), frame_format
            self.channels = self.channels or frame.layout.nb_channels
        if not self._queue.samples:
            self._start = start
        frame.pts = None  # or the queue compares it with its own count
        self._queue.write(frame)
        if self._queue.samples >= DOWNMIX_SAMPLES:
            self.finish()


def _sample(second: Fraction | float, rate: int) -> int:
    return math.floor(second * rate + Fraction(1, 2))
