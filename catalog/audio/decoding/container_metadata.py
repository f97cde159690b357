"""Metadata and stream facts of a file as FFmpeg reads them from its headers, without decoding."""

from dataclasses import dataclass
from typing import Any

import av
from av.audio.stream import AudioStream

from catalog.audio.decoding.demux import CONTAINERS, LENIENT

_OPTIONS = {"format_whitelist": CONTAINERS, "probesize": "500000", "analyzeduration": "1000000"}


@dataclass(frozen=True)
class ContainerMetadata:
    """Facts from the headers of a file; they may be wrong."""

    metadata: dict[str, bytes]  # by key in lower case; of the container, then of the audio stream
    duration: float | None  # seconds
    codec: str | None  # FFmpeg's name of the format
    sample_rate: int | None  # Hz
    channels: int | None
    bit_rate: int | None  # bits per second


def container_metadata(stream: Any) -> ContainerMetadata:
    """The metadata of an open file. Raises av.error.FFmpegError if FFmpeg cannot open it, or what its methods raise."""
    stream.seek(0)
    # Latin-1 keeps every byte; not all metadata is UTF-8.
    with av.open(stream, "r", options=_OPTIONS, metadata_encoding="latin-1", **LENIENT) as container:
        audio = container.streams.best("audio")
        context = audio.codec_context if isinstance(audio, AudioStream) else None
        tables = [container.metadata, audio.metadata if audio else {}]
        return ContainerMetadata(
            {
                key.lower(): value.encode("latin-1")
                for table in reversed(tables)
                for key, value in table.items()
            },
            container.duration / av.time_base if container.duration else None,
            context.codec.canonical_name if context else None,
            context.sample_rate if context else None,
            context.channels if context else None,
            container.bit_rate or None,
        )
