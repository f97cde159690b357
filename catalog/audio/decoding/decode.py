"""Decoding of the excerpts that represent a track, by PyAV for every format.

All packets are read once without decoding, for the true duration and the audio hash. Then the packets of the excerpts
are decoded. In containers with an exact index the decoder seeks to the excerpt. In other containers (an MP3's index
is a guess) the packets were buffered during the first pass; if that would have taken too much memory, all packets are
read again and those before the excerpt are skipped. Memory holds the excerpts and a few megabytes of packets,
whatever the length of the file.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain

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
from catalog.audio.decoding.concatenated_files import flac_files, wave_files
from catalog.audio.decoding.demux import AudioPacket
from catalog.audio.decoding.excerpt_reader import ExcerptReader
from catalog.audio.decoding.media_file import MediaFile, MediaSection, Name
from catalog.audio.decoding.ogg_links import ogg_links
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
TimedPacket = tuple[int, AudioPacket]


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


@dataclass(frozen=True)
class _Scanned:
    """Facts of a file before its excerpts are decoded."""

    duration: float  # seconds
    codec: str
    container: str
    audio_hash: str
    lost: int  # packets, estimated, that could not be read


def _decode(source: MediaFile) -> Decoded:
    links = ogg_links(source) or wave_files(source)
    if links:
        return _decode_chain(links)
    with demux.open_audio(source) as (container, stream):
        buffer = None
        if container.format.name not in EXACT:
            buffer = PacketBuffer(demux.time_base(stream), RUN_UP)
        scan = demux.scan_packets(container, stream, buffer.add if buffer else None)
        promised = (container.duration or 0) / av.time_base
        if container.format.name == "flac" and promised < scan.duration - 1:
            files = flac_files(source)
            if files:
                return _decode_chain(files)
        return _decode_excerpts(
            _scanned(container, stream, scan),
            lambda windows: (
                (reader.window, reader)
                for reader in _read_windows(source, container, stream, scan, buffer, windows)
            ),
        )


def _scanned(container: InputContainer, stream: AudioStream, scan: demux.PacketScan) -> _Scanned:
    if not scan.packets:
        raise AudioError("undecodable", "the audio stream is empty")
    duration = float(scan.duration)
    if scan.lost > scan.packets:
        raise AudioError("undecodable", f"only the first {duration:.1f} s can be read; the rest is damaged")
    codec = stream.codec_context.codec.canonical_name
    return _Scanned(duration, codec, container.format.name, scan.audio_hash, scan.lost)


def _decode_excerpts(
    scanned: _Scanned, read: Callable[[tuple[Window, ...]], Iterable[tuple[Window, ExcerptReader]]]
) -> Decoded:
    """The first set of windows that is not silent. `read` gives each excerpt with its place in the track."""
    if scanned.duration < SHORTEST:
        raise _too_short(scanned.duration)
    damaged, decoded_seconds = scanned.lost, 0.0
    for windows in excerpts.excerpt_windows(scanned.duration):
        readers = list(read(windows))
        damaged += sum(reader.damaged for _, reader in readers)
        decoded_seconds = max(decoded_seconds, sum(reader.seconds for _, reader in readers))
        audible = [(window, reader) for window, reader in readers if reader.audible]
        if sum(reader.seconds for _, reader in audible) >= SHORTEST:
            runs = tuple(run for _, reader in audible for run in reader.runs)
            facts = Stream(
                duration=scanned.duration,
                codec=scanned.codec,
                sample_rate=runs[0].sample_rate,
                channels=audible[0][1].channels,
                audio_hash=scanned.audio_hash,
            )
            return Decoded(facts, scanned.container, tuple(window for window, _ in audible), runs, damaged)
    if decoded_seconds >= SHORTEST:
        raise AudioError("silent", "every excerpt is silent")
    if decoded_seconds and not damaged:
        raise _too_short(decoded_seconds)
    raise AudioError("undecodable", "the decoder returned no samples")


def _decode_chain(links: Sequence[MediaSection]) -> Decoded:
    """The excerpts of a chained or concatenated file, in which each part is decoded as a file of its own.

    Links that cannot be read count as damaged packets.
    """
    scanned, errors = [], []
    for link in links:
        try:
            with demux.open_audio(link) as (container, stream):
                scanned.append((link, _scanned(container, stream, demux.scan_packets(container, stream))))
        except AudioError as error:
            errors.append(error)
    if not scanned:
        raise errors[0]
    scans = [scan for _, scan in scanned]
    ends = list(accumulate(scan.duration for scan in scans))
    digest = hashlib.blake2b("".join(scan.audio_hash for scan in scans).encode(), digest_size=16)
    whole = replace(
        scans[0],
        duration=ends[-1],
        audio_hash=digest.hexdigest(),
        lost=sum(scan.lost for scan in scans) + len(errors),
    )

    def read(windows: tuple[Window, ...]) -> Iterator[tuple[Window, ExcerptReader]]:
        for begin, end in windows:
            for (link, scan), link_end in zip(scanned, ends, strict=True):
                offset = link_end - scan.duration
                inside = max(0.0, begin - offset), min(end - offset, scan.duration)
                if inside[0] < inside[1]:
                    with demux.open_audio(link) as (container, stream):
                        reader = _read_window(stream, _packets_by_duration(container, stream), inside)
                    yield (offset + inside[0], offset + inside[1]), reader

    return _decode_excerpts(whole, read)


def _read_windows(
    source: MediaFile,
    container: InputContainer,
    stream: AudioStream,
    scan: demux.PacketScan,
    buffer: PacketBuffer | None,
    windows: tuple[Window, ...],
) -> Iterator[ExcerptReader]:
    # The buffer holds the packets of the first attempt; once the decoder is open, this is the second one.
    packets = buffer.packets() if buffer and not stream.codec_context.is_open else None
    if packets is not None:
        timed_packets = iter(packets)
        for window in windows:
            yield _read_window(stream, timed_packets, window)
        return
    if container.format.name in EXACT:
        readers = []
        for window in windows:
            sought = _packets_after_seek(container, stream, scan, window[0])
            if sought is None:
                break
            readers.append(_read_window(stream, sought, window))
        else:
            yield from readers
            return
    with demux.open_audio(source) as (reopened, same_stream):
        timed_packets = _packets_by_duration(reopened, same_stream)
        for window in windows:
            yield _read_window(same_stream, timed_packets, window)


def _packets_after_seek(
    container: InputContainer, stream: AudioStream, scan: demux.PacketScan, begin: float
) -> Iterator[TimedPacket] | None:
    """The packets from shortly before the second `begin`; None if seeking did not lead there."""
    base = demux.time_base(stream)
    target = int(max(0.0, begin - RUN_UP) / base)
    try:
        container.seek(scan.first + target, stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return None
    timed_packets = _packets_by_pts(demux.PacketReader(container, stream), scan.first)
    first = next(timed_packets, None)
    if first is None or first[0] * base > begin:
        return None
    return chain([first], timed_packets)


def _packets_by_pts(packets: Iterable[AudioPacket], origin: int) -> Iterator[TimedPacket]:
    """Packets with their start by presentation time, or by the durations of earlier packets where damage removed it."""
    following: int | None = None
    for packet in packets:
        if packet.pts is not None:
            following = packet.pts - origin
        if following is None:
            return
        yield following, packet
        following += packet.duration or 0


def _packets_by_duration(container: InputContainer, stream: AudioStream) -> Iterator[TimedPacket]:
    """All packets from the first, with their start by the durations of earlier packets."""
    clock = demux.Clock(demux.time_base(stream))
    for packet in demux.PacketReader(container, stream):
        yield clock.begin(packet), packet


def _read_window(stream: AudioStream, timed_packets: Iterator[TimedPacket], window: Window) -> ExcerptReader:
    """Decodes one window and skips packets before it. A packet that does not decode is left out."""
    reader = ExcerptReader(window)
    base = demux.time_base(stream)
    for frame in _frames(stream, timed_packets, reader):
        reader.add(frame, base)
        if reader.full:
            break
    reader.finish()
    return reader


def _frames(
    stream: AudioStream, timed_packets: Iterator[TimedPacket], reader: ExcerptReader
) -> Iterator[AudioFrame]:
    """The frames from shortly before the reader's window to the end of the file."""
    context = stream.codec_context
    if context.is_open:
        context.flush_buffers()
    early = int((reader.window[0] - RUN_UP) / demux.time_base(stream))
    for begin, packet in timed_packets:
        if begin + (packet.duration or 0) < early:
            continue
        try:
            packet.pts = packet.dts = begin
            yield from context.decode(packet)
        except (av.error.FFmpegError, MemoryError, OverflowError, ValueError):
            reader.damaged += 1
    try:
        yield from context.decode(None)  # flush: a decoder may hold back its last frames
    except (av.error.FFmpegError, MemoryError, ValueError):
        reader.damaged += 1


def _resampled(run: Waveform, sample_rate: int) -> Float32:
    if run.sample_rate == sample_rate:
        return run.samples
    resampled: Float32 = soxr.resample(run.samples, run.sample_rate, sample_rate)
    return resampled


def _too_short(seconds: float) -> AudioError:
    return AudioError("too-short", f"{seconds:.2f} s of audio; at least {SHORTEST:g} s are needed")
