"""A stretch of sound as an MP3, which every browser plays, for what it does not play as it is."""

from __future__ import annotations

from pathlib import Path

import av

from catalog.audio.failure import AudioFailure
from catalog.audio.source import Name, Source
from catalog.web.stretch import Stretch, frames

RATE = 44_100
BITS_A_SECOND = 160_000
EFFORT = "7"
"""LAME's, 0 to 9: somebody is waiting, and this takes half the time of the usual 5."""
MEDIA_TYPE = "audio/mpeg"


def write_mp3(path: Name, stretch: Stretch, target: Path) -> None:
    """Writes the stretch of a file to `target`, whole or not at all. Raises AudioFailure and OSError."""
    unfinished = target.with_suffix(".part")
    try:
        with Source(path) as source, av.open(str(unfinished), "w", format="mp3") as container:
            stream = container.add_stream(
                "libmp3lame",
                rate=RATE,
                layout="stereo",
                bit_rate=BITS_A_SECOND,
                options={"compression_level": EFFORT},
            )
            heard = False
            for frame in frames(source, stretch):
                frame.pts = None
                container.mux(stream.encode(frame))
                heard = True
            source.check()
            if not heard:
                raise AudioFailure("undecodable", "the decoder could make nothing of its sound")
            container.mux(stream.encode(None))
        unfinished.replace(target)
    except av.error.FFmpegError as error:
        raise AudioFailure(
            "undecodable", f"its sound could not be made playable: {error.strerror}"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
