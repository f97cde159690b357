"""Decoding the part of a file that stands for the track, by PyAV for every format.

A file is walked twice: first all packets, undecoded, for the true length and the hash, then to the windows. In
containers whose index is exact the second walk seeks; in the others (an MP3's is a guess) it passes over the packets
before the window. Memory holds the windows, whatever the length of the file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from catalog.audio import demux, window
from catalog.audio.demux import AudioPacket
from catalog.audio.failure import AudioFailure
from catalog.audio.feature_set import Float32, Waveform
from catalog.audio.loudness import SILENCE, loudness
from catalog.audio.mono import mono
from catalog.audio.source import Name, Source
from catalog.audio.window import Window

SHORTEST = 0.5  # seconds
# Decoded before a window and thrown away, in seconds: a decoder's first frames are not right yet.
RUN_UP = 0.5
# Hz; the highest is that of DSD256, decoded.
RATES = range(1_000, 1_411_201)
# Containers, by FFmpeg's names, that seek to the very packet and say truly where they stand.
EXACT = frozenset({"wav", "w64", "aiff", "au", "caf", "flac", "mov,mp4,m4a,3gp,3g2,mj2", "tta", "wv"})

# Where a packet begins, in ticks of the stream's time base from the first one, and the packet.
Placed = tuple[int, AudioPacket]


@dataclass(frozen=True)
class Stream:
    """What is known of the audio stream, from its packets and the decoder: nothing is a header's word alone."""

    duration: float  # seconds
    codec: str  # FFmpeg's name of the format: mp3, flac, aac, vorbis, pcm_s16le, ...
    sample_rate: int  # Hz
    channels: int
    audio_hash: str  # BLAKE2b-128, in hex, over the compressed packets: equal after any change of tags


@dataclass(frozen=True, eq=False)
class Decoded:
    """The part of a file that stands for the track: a waveform for each unbroken run, at the rate it came in."""

    stream: Stream
    container: str  # FFmpeg's name
    windows: tuple[Window, ...]  # begin and end in seconds, those with something to hear
    runs: tuple[Waveform, ...]
    damaged: int  # packets that did not decode and samples that were no number, in the windows

    @property
    def loudness(self) -> float:
        """The RMS over all runs, in dBFS."""
        return loudness(*(run.samples for run in self.runs))

    def at(self, sample_rate: int) -> Waveform:
        """The runs one after the other, each resampled (soxr, high quality) by itself, so that no seam rings."""
        return Waveform(np.concatenate([_resampled(run, sample_rate) for run in self.runs]), sample_rate)


def decode(path: Name) -> Decoded:
    """The part of the file that stands for the track; AudioFailure says why there is none."""
    with Source(path) as source:
        try:
            decoded = _decode(source)
        except AudioFailure:
            source.check()  # a disk that fails, or somebody writing, is the better reason
            raise
        source.check()
    return decoded


def _decode(source: Source) -> Decoded:
    with demux.opened(source) as (container, stream):
        walk = demux.walk(container, stream)
        if not walk.packets:
            raise AudioFailure("undecodable", "sound is announced, but there is none in it")
        duration = float(walk.duration)
        if duration < SHORTEST:
            raise _too_short(duration)
        damaged, heard = 0, 0.0
        for windows in window.choices(duration):
            takes = list(_takes(source, container, stream, walk, windows))
            damaged += sum(take.damaged for take in takes)
            heard = max(heard, sum(take.seconds for take in takes))
            loud = [take for take in takes if take.audible]
            if sum(take.seconds for take in loud) >= SHORTEST:
                runs = tuple(run for take in loud for run in take.runs)
                facts = Stream(
                    duration=duration,
                    codec=stream.codec_context.codec.canonical_name,
                    sample_rate=runs[0].sample_rate,
                    channels=loud[0].channels,
                    audio_hash=walk.audio_hash,
                )
                return Decoded(
                    facts, container.format.name, tuple(take.window for take in loud), runs, damaged
                )
    if heard >= SHORTEST:
        raise AudioFailure("silent", "there is only silence wherever it was listened to")
    if heard and not damaged:
        raise _too_short(heard)
    raise AudioFailure("undecodable", "the decoder could make nothing of its sound")


@dataclass
class _Take:
    """What decoding one window gave, as it grows."""

    window: Window
    chunks: list[tuple[int, Float32]] = field(default_factory=list)  # sample rate, samples
    channels: int = 0
    damaged: int = 0
    at: Fraction | None = None  # the second at which the next frame begins

    def add(self, frame: AudioFrame, base: Fraction) -> None:
        """Takes what lies in the window of the frame that comes next.

        The first frame is placed by its time, the others by counting samples: times are rounded, and then frames
        would overlap. What is lost to damage leaves no gap.
        """
        rate = frame.sample_rate
        if rate not in RATES:
            raise AudioFailure("undecodable", f"a sample rate of {rate} Hz is none that sound is recorded at")
        if self.at is None:
            self.at = Fraction(self.window[0]) if frame.pts is None else frame.pts * (frame.time_base or base)
        first = _sample(self.at, rate)
        self.at += Fraction(frame.samples, rate)
        low = max(0, _sample(self.window[0], rate) - first)
        high = min(frame.samples, _sample(self.window[1], rate) - first)
        if low < high:
            samples, damaged = mono(frame)
            self.chunks.append((rate, samples[low:high]))
            self.damaged += damaged
            self.channels = self.channels or frame.layout.nb_channels

    @property
    def full(self) -> bool:
        return self.at is not None and self.at >= self.window[1]

    @property
    def seconds(self) -> float:
        return sum(len(samples) / rate for rate, samples in self.chunks)

    @property
    def audible(self) -> bool:
        return loudness(*(samples for _, samples in self.chunks)) >= SILENCE

    @property
    def runs(self) -> Iterator[Waveform]:
        """One waveform, or several where the sample rate changes on the way, as in files that were joined."""
        held: list[Float32] = []
        for number, (rate, samples) in enumerate(self.chunks):
            held.append(samples)
            if number + 1 == len(self.chunks) or self.chunks[number + 1][0] != rate:
                yield Waveform(np.concatenate(held), rate)
                held = []


def _takes(
    source: Source,
    container: InputContainer,
    stream: AudioStream,
    walk: demux.Walk,
    windows: tuple[Window, ...],
) -> Iterator[_Take]:
    if container.format.name in EXACT:
        takes = []
        for wanted in windows:
            placed = _sought(container, stream, walk, wanted[0])
            if placed is None:
                break
            takes.append(_take(stream, placed, wanted))
        else:
            yield from takes
            return
    with demux.opened(source) as (again, same):
        placed = _counted(again, same)
        for wanted in windows:
            yield _take(same, placed, wanted)


def _sought(
    container: InputContainer, stream: AudioStream, walk: demux.Walk, begin: float
) -> Iterator[Placed] | None:
    """The packets from shortly before that second on; None where seeking did not lead there."""
    base = demux.time_base(stream)
    target = int(max(0.0, begin - RUN_UP) / base)
    try:
        container.seek(walk.first + target, stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return None
    placed = _stamped(demux.packets(container, stream), walk.first)
    first = next(placed, None)
    if first is None or first[0] * base > begin:
        return None
    return chain([first], placed)


def _stamped(packets: Iterator[AudioPacket], origin: int) -> Iterator[Placed]:
    """Packets placed by their presentation times, or where damage left none, by what those before them last."""
    following: int | None = None
    for packet in packets:
        if packet.pts is not None:
            following = packet.pts - origin
        if following is None:
            return
        yield following, packet
        following += packet.duration or 0


def _counted(container: InputContainer, stream: AudioStream) -> Iterator[Placed]:
    """All packets from the first on, placed by what those before them last."""
    clock = demux.Clock(demux.time_base(stream))
    for packet in demux.packets(container, stream):
        yield clock.begin(packet), packet


def _take(stream: AudioStream, placed: Iterator[Placed], wanted: Window) -> _Take:
    """Decodes one window, passing over what comes before it. A packet that does not decode is left out."""
    take = _Take(wanted)
    for frame in _frames(stream, placed, take):
        take.add(frame, demux.time_base(stream))
        if take.full:
            break
    return take


def _frames(stream: AudioStream, placed: Iterator[Placed], take: _Take) -> Iterator[AudioFrame]:
    """The frames from shortly before the take's window to the end of the file."""
    context = stream.codec_context
    if context.is_open:
        context.flush_buffers()
    early = int((take.window[0] - RUN_UP) / demux.time_base(stream))
    for begin, packet in placed:
        if begin + (packet.duration or 0) < early:
            continue
        try:
            packet.pts = packet.dts = begin
            yield from context.decode(packet)
        except (av.error.FFmpegError, MemoryError, OverflowError):
            take.damaged += 1
    try:
        yield from context.decode(None)  # a decoder may hold its last frames back until it is told
    except (av.error.FFmpegError, MemoryError):
        take.damaged += 1


def _sample(second: Fraction | float, rate: int) -> int:
    return math.floor(second * rate + Fraction(1, 2))


def _resampled(run: Waveform, sample_rate: int) -> Float32:
    if run.sample_rate == sample_rate:
        return run.samples
    resampled: Float32 = soxr.resample(run.samples, run.sample_rate, sample_rate)
    return resampled


def _too_short(seconds: float) -> AudioFailure:
    return AudioFailure("too-short", f"{seconds:.2f} s of sound; at least {SHORTEST:g} s are needed")
