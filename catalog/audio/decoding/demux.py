"""The compressed audio stream of a file: opening it, walking its packets, and what a walk tells for certain."""

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
from catalog.audio.decoding.media_file import MediaFile

# In quotes, for only the type checker knows that packets are generic.
AudioPacket: TypeAlias = "Packet[AudioStream]"

# Containers that hold sound, by FFmpeg's names. Playlists, pictures, subtitles and everything that makes FFmpeg open
# another file or address by itself stay out.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,loas,matroska,mov,mp3,mpc,mpc8,"
    "mpeg,mpegts,ogg,oma,qoa,rm,shn,tak,truehd,tta,voc,w64,wav,webm,wv,xwma"
)
# Tags are not what is wanted here, and strict decoding of their text would fail the file. PyAV 19 is lenient by itself.
LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
# One broken packet is skipped; so many in a row and the rest of the file is given up.
MOST_ERRORS = 64
# Seconds; the longest real ones are the 27 s of Monkey's Audio at its slowest. More is a damaged time.
LONGEST_PACKET = 60


@dataclass(frozen=True)
class PacketScan:
    """What walking all packets tells: none of it is taken from a header, because headers lie."""

    duration: Fraction  # seconds, by the clock below
    first: int  # presentation time of the first packet, in the stream's time base
    packets: int
    audio_hash: str  # BLAKE2b-128, in hex, of the packets' bytes


@contextmanager
def open_audio(source: MediaFile) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The file's container and its best audio stream, to be decoded by one thread.

    AudioError `not-audio`, `no-audio-stream` or `undecodable` where there is none.
    """
    source.seek(0)
    try:
        container = av.open(source, "r", options={"format_whitelist": CONTAINERS}, **LENIENT)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        source.check()
        raise AudioError("not-audio", "in no audio format that FFmpeg knows") from error
    with container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise AudioError("no-audio-stream", f"no sound in it ({container.format.long_name})")
        if stream.codec_context is None:
            raise AudioError("undecodable", "its sound is in a format for which there is no decoder")
        stream.codec_context.thread_count = 1
        for other in container.streams:
            if other is not stream:
                other.discard = Discard.all  # pictures and video are passed over unread
        yield container, stream


def time_base(stream: AudioStream) -> Fraction:
    """Seconds a tick of the stream's times lasts."""
    if not stream.time_base:
        raise AudioError("undecodable", "its sound has no clock")
    return stream.time_base


def packets(container: InputContainer, stream: AudioStream) -> Iterator[AudioPacket]:
    """The stream's packets with data in them, from where the container stands; broken ones are skipped."""
    errors = 0
    while errors < MOST_ERRORS:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    errors = 0
                    yield packet
        except (av.error.FFmpegError, MemoryError):
            errors += 1
        else:
            return


class Clock:
    """Where in the track a packet begins, by adding up what the packets before it last.

    What a packet lasts is the step of the presentation times where that agrees with the packet's duration, which is
    rounded (in WMA to milliseconds: a drift of one percent), and the duration where it does not: so the clock survives
    streams that are chained or begin anew, times that lie, and seconds that were cut out.
    """

    def __init__(self, base: Fraction) -> None:
        self._longest = int(LONGEST_PACKET / base)
        self._begin = 0
        self._lasting = 0
        self._pts: int | None = None

    @property
    def end(self) -> int:
        """Where the newest packet ends, in ticks of the time base."""
        return self._begin + self._lasting

    def begin(self, packet: AudioPacket) -> int:
        """The beginning of the packet that comes next, in ticks of the time base."""
        pts, duration = packet.pts, packet.duration
        step = pts - self._pts if pts is not None and self._pts is not None else 0
        agrees = not self._lasting or abs(step - self._lasting) <= max(2, self._lasting // 10)
        self._begin += step if 0 < step <= self._longest and agrees else self._lasting
        self._lasting = duration if duration and 0 < duration <= self._longest else 0
        self._pts = pts
        return self._begin


def scan_packets(
    container: InputContainer,
    stream: AudioStream,
    hold: Callable[[int, AudioPacket, int], None] | None = None,
) -> PacketScan:
    """Reads all packets once, one at a time, and decodes none.

    `hold` is given each packet between its beginning and the end so far, in ticks of the time base.
    """
    digest = hashlib.blake2b(digest_size=16)
    clock = Clock(time_base(stream))
    count = 0
    first: int | None = None
    for packet in packets(container, stream):
        if first is None:
            first = packet.pts
        digest.update(packet)
        begin = clock.begin(packet)
        if hold is not None:
            hold(begin, packet, clock.end)
        count += 1
    return PacketScan(clock.end * time_base(stream), first or 0, count, digest.hexdigest())
