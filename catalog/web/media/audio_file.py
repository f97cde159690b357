"""The file of a track as the page may give it out: found by the track's id, and only inside its collection's root."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.excerpts import Window, excerpt_windows
from catalog.collection.naming.paths import is_within
from catalog.db.tables import collection, feature_vector, track
from catalog.errors import CatalogError

PLAYED = {
    (".mp3", "mp3"): "audio/mpeg",
    (".flac", "flac"): "audio/flac",
    (".wav", "pcm_s16le"): "audio/wav",
    (".wav", "pcm_u8"): "audio/wav",
    (".ogg", "vorbis"): "audio/ogg; codecs=vorbis",
    (".oga", "vorbis"): "audio/ogg; codecs=vorbis",
    (".ogg", "opus"): "audio/ogg; codecs=opus",
    (".opus", "opus"): "audio/ogg; codecs=opus",
    (".m4a", "aac"): "audio/mp4; codecs=mp4a.40.2",
    (".mp4", "aac"): "audio/mp4; codecs=mp4a.40.2",
    (".webm", "opus"): "audio/webm; codecs=opus",
}
"""What some browser plays as it is, by suffix and codec. Each says itself whether it does; else it takes the MP3."""


class NotPlayableError(CatalogError):
    """A track that cannot be heard; the message says why, in one line without a path."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A regular file inside its collection's root, as it was when it was looked at."""

    track_id: int
    name: bytes
    """Absolute, links followed."""
    status: os.stat_result
    media_type: str | None
    """What to call it to a browser; None where no browser plays it."""
    duration: float
    """Seconds."""
    windows: tuple[Window, ...]
    """Which seconds were analyzed."""

    @property
    def version(self) -> tuple[int, int, int]:
        """Another one for another content."""
        return self.track_id, self.status.st_size, self.status.st_mtime_ns


def find_audio_file(connection: Connection, track_id: int) -> AudioFile:
    """The file of a track. Raises NotPlayableError where there is none, or none that may be given out."""
    row = connection.execute(
        sa.select(collection.c.root_bytes, track.c.path_bytes, track.c.state, track.c.codec, track.c.duration)
        .join_from(track, collection, collection.c.id == track.c.collection_id)
        .where(track.c.id == track_id)
    ).one_or_none()
    if row is None:
        raise NotPlayableError(f"there is no track {track_id}")
    if row.root_bytes is None or row.path_bytes is None:
        raise NotPlayableError("this track came from a list, without a file")
    name, status = _inside(bytes(row.root_bytes), bytes(row.path_bytes))
    suffix = os.fsdecode(os.path.splitext(row.path_bytes)[1]).lower()  # noqa: PTH122
    duration = float(row.duration or 0.0)
    return AudioFile(
        track_id,
        name,
        status,
        PLAYED.get((suffix, row.codec or "")),
        duration,
        _windows(connection, track_id, duration),
    )


def _inside(root: bytes, path: bytes) -> tuple[bytes, os.stat_result]:
    """The file that a path below a root means. Whatever a row says, what lies elsewhere is not given out."""
    real_root = os.path.realpath(root)
    name = os.path.realpath(os.path.join(root, path))
    if not is_within(name, real_root) or name == real_root:
        raise NotPlayableError(
            "the file lies outside of its collection's folder, where a link leads: what lies there is analyzed and not "
            "played; decide without it, or skip"
        )
    try:
        status = os.stat(name, follow_symlinks=False)
    except OSError as error:
        reason = "is not there at present" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise NotPlayableError(f"the file {reason}; decide without it, or skip") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotPlayableError("this is no regular file; it is not played")
    if not os.access(name, os.R_OK):
        raise NotPlayableError(
            "the file may not be read by whoever runs the page; decide without it, or skip"
        )
    return name, status


def _windows(connection: Connection, track_id: int, duration: float) -> tuple[Window, ...]:
    """As the newest vector's provenance has them, else as they would be chosen."""
    rows = connection.execute(
        sa.select(feature_vector.c.provenance)
        .where(feature_vector.c.track_id == track_id)
        .order_by(feature_vector.c.computed_at.desc(), feature_vector.c.feature_set_id)
    ).scalars()
    for provenance in rows:
        found = (provenance or {}).get("windows")
        if found:
            return tuple((float(begin), float(end)) for begin, end in found)
    return excerpt_windows(duration)[0] if duration > 0 else ()
