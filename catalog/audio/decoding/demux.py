"""Demuxing: opens the audio stream of a file and scans its packets."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.media_file import MediaFile, MediaSection

# Quoted, because packets are generic for the type checker only.
AudioPacket: TypeAlias = "Packet[AudioStream]"

# Containers of audio, by FFmpeg's names. Playlists, pictures, subtitles and formats that make FFmpeg open another
# file or address are excluded.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,loas,matroska,mov,mp3,mpc,mpc8,"
    "mpeg,mpegts,ogg,oma,qoa,rm,shn,tak,truehd,tta,voc,w64,wav,webm,wv,xwma"
)
# Tags are not used here, and strict decoding of their text would fail the file. PyAV 19 is lenient by default.
LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
# A broken packet is skipped; after this many in a row the rest of the file is skipped.
MAX_ERRORS = 64
# Sample rates in Hz, by their number in the header of an AAC packet.
ADTS_RATES = dict(
    enumerate(
        [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350]
    )
)
# The codec tags of encrypted streams in MP4 files of shops; decoding them gives noise.
PROTECTED = frozenset({"aavd", "drms", "enca"})
# Seconds; the longest real packets are 27 s of Monkey's Audio at its slowest setting. More is a damaged time.
LONGEST_PACKET = 60


@dataclass(frozen=True)
class PacketScan:
    """Facts from all packets of a stream. Headers are not used, because they can be wrong."""

    duration: Fraction  # seconds, by the clock below
    first: int  # presentation time of the first packet, in the stream's time base
    packets: int
    audio_hash: str  # BLAKE2b-128, in hex, of the packets' bytes
    lost: int  # packets, estimated, in the rest of the file after the last readable one; 0 if all was read


@contextmanager
def open_audio(source: MediaFile | MediaSection) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The file's container and its best audio stream, decoded by one thread.

    Raises AudioError with reason `not-audio`, `no-audio-stream` or `undecodable`.
    """
    source.seek(0)
    try:
        container = av.open(source, "r", options={"format_whitelist": CONTAINERS}, **LENIENT)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        source.check()
        raise AudioError("not-audio", "not an audio format that FFmpeg supports") from error
    with container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise AudioError("no-audio-stream", f"no audio stream ({container.format.long_name})")
        if stream.codec_context is None:
            raise AudioError("undecodable", "no decoder for the audio format")
        if stream.codec_context.codec_tag in PROTECTED:
            raise AudioError("undecodable", "copy-protected: the audio is encrypted (DRM)")
        stream.codec_context.thread_count = 1
        for other in container.streams:
            if other is not stream:
                other.discard = Discard.all  # pictures and video are skipped
        yield container, stream


def time_base(stream: AudioStream) -> Fraction:
    """The duration of a tick of the stream's timestamps, in seconds."""
    if not stream.time_base:
        raise AudioError("undecodable", "the audio stream has no time base")
    return stream.time_base


class PacketReader:
    """The stream's packets with data, from the container's position; broken ones are skipped."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self.gave_up = False  # after MAX_ERRORS errors in a row
        self._container = container
        self._stream = stream
        self._is_adts = container.format.name == "aac"

    def __iter__(self) -> Iterator[AudioPacket]:
        errors = 0
        while errors < MAX_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        errors = 0
                        if self._is_adts:
                            _set_adts_duration(packet)
                        yield packet
            except (av.error.FFmpegError, MemoryError):
                errors += 1
            else:
                return
        self.gave_up = True


def _set_adts_duration(packet: AudioPacket) -> None:
    """Sets the duration by the packet's own header, because FFmpeg assumes that the first sample rate stays."""
    header = memoryview(packet)[:7]
    rate = ADTS_RATES.get(header[2] >> 2 & 15) if len(header) == 7 and header[0] == 0xFF else None
    if rate is not None:
        packet.duration = int((header[6] % 4 + 1) * 1024 / (rate * packet.time_base))


class Clock:
    """The start of each packet in the track, as the sum of the durations of earlier packets.

    The duration of a packet is the difference of the presentation times if that is close to the packet's own
    duration, which is rounded (in WMA to milliseconds: a drift of one percent), and its own duration otherwise. So
    the clock survives chained streams, restarted or wrong timestamps, and removed seconds.
    """

    def __init__(self, base: Fraction) -> None:
        self._longest = int(LONGEST_PACKET / base)
        self._begin = 0
        self._duration = 0
        self._pts: int | None = None

    @property
    def end(self) -> int:
        """The end of the newest packet, in ticks of the time base."""
        return self._begin + self._duration

    def begin(self, packet: AudioPacket) -> int:
        """The start of the next packet, in ticks of the time base."""
        pts, duration = packet.pts, packet.duration
        step = pts - self._pts if pts is not None and self._pts is not None else 0
        has_plausible_step = not self._duration or abs(step - self._duration) <= max(2, self._duration // 10)
        self._begin += step if 0 < step <= self._longest and has_plausible_step else self._duration
        self._duration = duration if duration and 0 < duration <= self._longest else 0
        self._pts = pts
        return self._begin


def scan_packets(
    container: InputContainer,
    stream: AudioStream,
    on_packet: Callable[[int, AudioPacket, int], None] | None = None,
) -> PacketScan:
    """Reads all packets once, one at a time, without decoding.

    `on_packet` receives start, packet and the end so far, in ticks of the time base.
    """
    digest = hashlib.blake2b(digest_size=16)
    clock = Clock(time_base(stream))
    count = 0
    first: int | None = None
    size = end = 0  # bytes in packets, and the place in the file after them
    reader = PacketReader(container, stream)
    for packet in reader:
        if first is None:
            first = packet.pts
        size += packet.size
        end = max(end, (packet.pos or 0) + packet.size)
        digest.update(packet)
        begin = clock.begin(packet)
        if on_packet is not None:
            on_packet(begin, packet, clock.end)
        count += 1
    lost = max(1, (container.size - end) * count // max(1, size)) if reader.gave_up else 0
    return PacketScan(clock.end * time_base(stream), first or 0, count, digest.hexdigest(), lost)
