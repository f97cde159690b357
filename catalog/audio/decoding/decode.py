"""Decoding of the excerpts that represent a track, by PyAV for every format.

All packets are read once without decoding, for the true duration and the audio hash. Then the packets of the excerpts
are decoded. Containers with an exact index are sought. In other containers (an MP3's index is a guess) the packets were
buffered during the first pass; if that would have taken too much memory, all packets are read again and those before
the excerpt are skipped. Memory holds the excerpts and a few megabytes of packets, whatever the length of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from catalog.arrays import Float32
from catalog.audio import excerpts
from catalog.audio.audio_error import AudioError
from catalog.audio.decoding import demux
from catalog.audio.decoding.demux import AudioPacket
from catalog.audio.decoding.excerpt_reader import ExcerptReader
from catalog.audio.decoding.media_file import MediaFile, Name
from catalog.audio.decoding.packet_buffer import PacketBuffer
from catalog.audio.excerpts import Window
from catalog.audio.feature_set import Waveform
from catalog.audio.loudness import loudness

SHORTEST = 0.5  # seconds
# Seconds decoded before a window and discarded: a decoder's first frames are not valid.
RUN_UP = 0.5
# Containers, by FFmpeg's names, that seek exactly and report the true position.
EXACT = frozenset({"wav", "w64", "aiff", "au", "caf", "flac", "mov,mp4,m4a,3gp,3g2,mj2", "tta", "wv"})

# The start of a packet, in ticks of the stream's time base from the first packet, and the packet.
Placed = tuple[int, AudioPacket]


@dataclass(frozen=True)
class Stream:
    """Facts of the audio stream, measured from its packets and the decoder instead of read from a header."""

    duration: float  # seconds
    codec: str  # FFmpeg's name of the format: mp3, flac, aac, vorbis, pcm_s16le, ...
    sample_rate: int  # Hz
    channels: int
    audio_hash: str  # BLAKE2b-128, in hex, of the compressed packets: unchanged by retagging


@dataclass(frozen=True, eq=False)
class Decoded:
    """The decoded excerpts of a track: one waveform per run of constant sample rate."""

    stream: Stream
    container: str  # FFmpeg's name
    windows: tuple[Window, ...]  # begin and end in seconds of the windows that are not silent
    runs: tuple[Waveform, ...]
    damaged: int  # packets that did not decode and samples that were not finite, in the windows

    @property
    def loudness(self) -> float:
        """The RMS over all runs, in dBFS."""
        return loudness(*(run.samples for run in self.runs))

    def at(self, sample_rate: int) -> Waveform:
        """The concatenated runs, each resampled separately (soxr HQ), so that no seam rings."""
        return Waveform(np.concatenate([_resampled(run, sample_rate) for run in self.runs]), sample_rate)


def decode(path: Name) -> Decoded:
    """The decoded excerpts of a file. Raises AudioError."""
    with MediaFile(path) as source:
        try:
            decoded = _decode(source)
        except AudioError:
            source.check()  # a failing disk or a concurrent write is the better reason
            raise
        source.check()
    return decoded


def _decode(source: MediaFile) -> Decoded:
    with demux.open_audio(source) as (container, stream):
        held = None
        if container.format.name not in EXACT:
            held = PacketBuffer(demux.time_base(stream), RUN_UP)
        walk = demux.scan_packets(container, stream, held.add if held else None)
        if not walk.packets:
            raise AudioError("undecodable", "the audio stream is empty")
        duration = float(walk.duration)
        if duration < SHORTEST:
            raise _too_short(duration)
        damaged, heard = 0, 0.0
        for windows in excerpts.excerpt_windows(duration):
            takes = list(_takes(source, container, stream, walk, held, windows))
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
        raise AudioError("silent", "there is only silence wherever it was listened to")
    if heard and not damaged:
        raise _too_short(heard)
    raise AudioError("undecodable", "the decoder could make nothing of its sound")


def _takes(
    source: MediaFile,
    container: InputContainer,
    stream: AudioStream,
    walk: demux.PacketScan,
    held: PacketBuffer | None,
    windows: tuple[Window, ...],
) -> Iterator[ExcerptReader]:
    # What is held is what the first choice of windows needs; once it is decoded, other windows are wanted.
    packets = held.packets() if held and not stream.codec_context.is_open else None
    if packets is not None:
        placed = iter(packets)
        for wanted in windows:
            yield _take(stream, placed, wanted)
        return
    if container.format.name in EXACT:
        takes = []
        for wanted in windows:
            sought = _sought(container, stream, walk, wanted[0])
            if sought is None:
                break
            takes.append(_take(stream, sought, wanted))
        else:
            yield from takes
            return
    with demux.open_audio(source) as (again, same):
        placed = _counted(again, same)
        for wanted in windows:
            yield _take(same, placed, wanted)


def _sought(
    container: InputContainer, stream: AudioStream, walk: demux.PacketScan, begin: float
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


def _take(stream: AudioStream, placed: Iterator[Placed], wanted: Window) -> ExcerptReader:
    """Decodes one window, passing over what comes before it. A packet that does not decode is left out."""
    take = ExcerptReader(wanted)
    base = demux.time_base(stream)
    for frame in _frames(stream, placed, take):
        take.add(frame, base)
        if take.full:
            break
    take.finish()
    return take


def _frames(stream: AudioStream, placed: Iterator[Placed], take: ExcerptReader) -> Iterator[AudioFrame]:
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
        except (av.error.FFmpegError, MemoryError, OverflowError, ValueError):
            take.damaged += 1
    try:
        yield from context.decode(None)  # a decoder may hold its last frames back until it is told
    except (av.error.FFmpegError, MemoryError, ValueError):
        take.damaged += 1


def _resampled(run: Waveform, sample_rate: int) -> Float32:
    if run.sample_rate == sample_rate:
        return run.samples
    resampled: Float32 = soxr.resample(run.samples, run.sample_rate, sample_rate)
    return resampled


def _too_short(seconds: float) -> AudioError:
    return AudioError("too-short", f"{seconds:.2f} s of sound; at least {SHORTEST:g} s are needed")
