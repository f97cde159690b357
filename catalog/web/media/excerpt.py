"""The stretch of a track that the page shows: all of it, or of a long one ten minutes from the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from catalog.audio.decoding import demux
from catalog.audio.decoding.media_file import MediaFile
from catalog.audio.excerpts import LONG


@dataclass(frozen=True, slots=True)
class Excerpt:
    """From one second to another."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin


def excerpt_of(duration: float) -> Excerpt:
    """The stretch of a track that lasts so many seconds."""
    if duration <= LONG:
        return Excerpt(0.0, duration)
    begin = (duration - LONG) / 2
    return Excerpt(begin, begin + LONG)


def frames(source: MediaFile, stretch: Excerpt) -> Iterator[AudioFrame]:
    """As `timed_frames`, without the times."""
    return (frame for _, frame in timed_frames(source, stretch))


def timed_frames(source: MediaFile, stretch: Excerpt) -> Iterator[tuple[float, AudioFrame]]:
    """The decoded frames of the stretch, to a frame exactly, all of the first one's rate and format, each with its second.

    What does not decode is left out, and so is what follows in another format in files that were joined.
    Raises AudioError where there is no sound at all.
    """
    with demux.open_audio(source) as (container, stream):
        clock = _start(container, stream, stretch.begin)
        kind: tuple[int, str, str] | None = None
        for packet in demux.packets(container, stream):
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
                if begin >= stretch.end:
                    return
                now = (frame.sample_rate, frame.format.name, frame.layout.name)
                if clock > stretch.begin and now == (kind or now):
                    kind = now
                    yield begin, frame


def _start(container: InputContainer, stream: AudioStream, begin: float) -> float | None:
    """Leads the container to a place before that second; gives the second where it stands, None: frames will say."""
    if begin <= 0:
        return 0.0
    first = stream.start_time or 0
    try:
        container.seek(first + int(begin / demux.time_base(stream)), stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return 0.0
    return None
