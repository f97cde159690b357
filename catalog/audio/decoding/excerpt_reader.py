"""The samples of one window of a track, gathered frame by frame as the decoder gives them."""

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

# Hz; the highest is that of DSD256, decoded.
RATES = range(1_000, 1_411_201)
# Frames are mixed down when so many samples are together: one by one they would cost as much as their decoding.
TOGETHER = 16_384


class ExcerptReader:
    """What lies in a window of the frames that are added one after the other.

    The first frame is placed by its time, the others by counting samples: times are rounded, and then frames would
    overlap. What is lost to damage leaves no gap. `finish` comes after the last frame, before anything is read.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.channels = 0
        self.damaged = 0  # samples that were no number, and packets that did not decode
        self._chunks: list[tuple[int, Float32]] = []  # sample rate, samples
        self._rate = 0
        # At the present rate: the second it began at, the number of its first sample, of the next one, of the window's
        # first, of the first after the window, and of the one with which the window is full.
        self._began = Fraction(0)
        self._first = self._next = self._low = self._high = self._full = 0
        self._together = AudioFifo()
        self._kind: tuple[int, str, int] | None = None  # rate, sample format, channels of what is together
        self._start = 0  # number of the first sample of what is together

    def add(self, frame: AudioFrame, base: Fraction) -> None:
        """Takes what lies in the window of the frame that comes next; `base` is the stream's time base."""
        if frame.sample_rate != self._rate:
            self._change_rate(frame, base)
        start = self._next
        self._next += frame.samples
        if start < self._high and self._low < self._next:
            self._gather(frame, start)

    def finish(self) -> None:
        """Mixes down what is together."""
        frame = self._together.read()
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
        """One waveform, or several where the sample rate changes on the way, as in files that were joined."""
        held: list[Float32] = []
        for number, (rate, samples) in enumerate(self._chunks):
            held.append(samples)
            if number + 1 == len(self._chunks) or self._chunks[number + 1][0] != rate:
                yield Waveform(np.concatenate(held), rate)
                held = []

    def _change_rate(self, frame: AudioFrame, base: Fraction) -> None:
        rate = frame.sample_rate
        if rate not in RATES:
            raise AudioError("undecodable", f"a sample rate of {rate} Hz is none that sound is recorded at")
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

    def _gather(self, frame: AudioFrame, start: int) -> None:
        # Compared here, for FFmpeg's queue would read channels that a frame does not have.
        kind = (self._rate, frame.format.name, frame.layout.nb_channels)
        if kind != self._kind:
            self.finish()
            self._together, self._kind = AudioFifo(), kind
            self.channels = self.channels or frame.layout.nb_channels
        if not self._together.samples:
            self._start = start
        frame.pts = None  # or the queue would compare it with a count of its own
        self._together.write(frame)
        if self._together.samples >= TOGETHER:
            self.finish()


def _sample(second: Fraction | float, rate: int) -> int:
    return math.floor(second * rate + Fraction(1, 2))
