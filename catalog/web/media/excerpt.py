"""The excerpt of a track that the page plays: all of it, or ten minutes from the middle of a long track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from catalog.audio.decoding import demux
from catalog.audio.decoding.media_file import MediaFile, MediaSection
from catalog.audio.decoding.ogg_links import ogg_links
from catalog.audio.excerpts import LONG


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A time range in seconds."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """The length."""
        return self.end - self.begin


def excerpt_of(duration: float) -> Excerpt:
    """The excerpt of a track of this duration in seconds."""
    if duration <= LONG:
        return Excerpt(0.0, duration)
    begin = (duration - LONG) / 2
    return Excerpt(begin, begin + LONG)


def frames(source: MediaFile, excerpt: Excerpt) -> Iterator[AudioFrame]:
    """The frames of `timed_frames` without their times."""
    return (frame for _, frame in timed_frames(source, excerpt))


def timed_frames(source: MediaFile, excerpt: Excerpt) -> Iterator[tuple[float, AudioFrame]]:
    """The decoded frames of the excerpt, each with its time in seconds. All have the rate and format of the first one.

    Packets that cannot be decoded are skipped, as are frames in another format, which occur in concatenated files.
    Raises AudioError if the file has no audio.
    """
    kind: tuple[int, str, str] | None = None
    for begin, frame in _all_frames(source, excerpt):
        now = (frame.sample_rate, frame.format.name, frame.layout.name)
        if begin + frame.samples / frame.sample_rate > excerpt.begin and now == (kind or now):
            kind = now
            yield begin, frame


def _all_frames(source: MediaFile, excerpt: Excerpt) -> Iterator[tuple[float, AudioFrame]]:
    """The frames from shortly before the excerpt to its end; those of a chained file from its links."""
    links = ogg_links(source)
    if not links:
        yield from _frames_of(source, excerpt)
    offset = 0.0
    for link in links:
        with demux.open_audio(link) as (container, stream):
            duration = float(demux.scan_packets(container, stream).duration)
        if offset < excerpt.end and offset + duration > excerpt.begin:
            inside = Excerpt(max(0.0, excerpt.begin - offset), excerpt.end - offset)
            yield from ((offset + begin, frame) for begin, frame in _frames_of(link, inside))
        offset += duration


def _frames_of(source: MediaFile | MediaSection, excerpt: Excerpt) -> Iterator[tuple[float, AudioFrame]]:
    with demux.open_audio(source) as (container, stream):
        clock = _start(container, stream, excerpt.begin)
        for packet in demux.PacketReader(container, stream):
            try:
                decoded = stream.codec_context.decode(packet)
            except (av.error.FFmpegError, MemoryError, OverflowError, ValueError):
                continue
            for frame in decoded:
                if frame.sample_rate <= 0:
                    continue
                if clock is None:
                    clock = float(frame.time or 0.0)
                begin, clock = clock, clock + frame.samples / frame.sample_rate
                if begin >= excerpt.end:
                    return
                yield begin, frame


def _start(container: InputContainer, stream: AudioStream, begin: float) -> float | None:
    """Seeks to a position before `begin`. Returns the new time, or None if it is known only from the next frame."""
    if begin <= 0:
        return 0.0
    first = stream.start_time or 0
    try:
        container.seek(first + int(begin / demux.time_base(stream)), stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return 0.0
    return None
