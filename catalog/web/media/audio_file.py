"""Audio files that the page may serve: looked up by track id, only below the root of the collection."""

# File names are bytes here, but a Path is text.
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

MEDIA_TYPES = {
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
"""Media types that at least one browser plays, by suffix and codec. A browser that does not gets the MP3."""


class NotPlayableError(CatalogError):
    """A track cannot be played. The message contains no path."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A regular file below the root of its collection."""

    track_id: int
    name: bytes
    """Absolute path with links resolved."""
    status: os.stat_result
    media_type: str | None
    """None if no browser plays the file."""
    duration: float
    """Seconds."""
    windows: tuple[Window, ...]
    """The analyzed parts, in seconds."""

    @property
    def version(self) -> tuple[int, int, int]:
        """Changes when the file changes."""
        return self.track_id, self.status.st_size, self.status.st_mtime_ns


def find_audio_file(connection: Connection, track_id: int) -> AudioFile:
    """The file of a track. Raises NotPlayableError if there is no file or it must not be served."""
    row = connection.execute(
        sa.select(collection.c.root_bytes, track.c.path_bytes, track.c.state, track.c.codec, track.c.duration)
        .join_from(track, collection, collection.c.id == track.c.collection_id)
        .where(track.c.id == track_id)
    ).one_or_none()
    if row is None:
        raise NotPlayableError(f"there is no track {track_id}")
    if row.root_bytes is None or row.path_bytes is None:
        raise NotPlayableError("this track was imported from a list and has no file")
    name, status = _inside(bytes(row.root_bytes), bytes(row.path_bytes))
    suffix = os.fsdecode(os.path.splitext(row.path_bytes)[1]).lower()  # noqa: PTH122
    duration = float(row.duration or 0.0)
    return AudioFile(
        track_id,
        name,
        status,
        MEDIA_TYPES.get((suffix, row.codec or "")),
        duration,
        _windows(connection, track_id, duration),
    )


def _inside(root: bytes, path: bytes) -> tuple[bytes, os.stat_result]:
    """The resolved path and status of a file. Raises NotPlayableError for a file outside the root."""
    real_root = os.path.realpath(root)
    name = os.path.realpath(os.path.join(root, path))
    if not is_within(name, real_root) or name == real_root:
        raise NotPlayableError(
            "the file is a link to a place outside the collection's folder; such files are analyzed, but not played; "
            "decide without it, or skip"
        )
    try:
        status = os.stat(name, follow_symlinks=False)
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise NotPlayableError(f"the file {reason}; decide without it, or skip") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotPlayableError("not a regular file")
    if not os.access(name, os.R_OK):
        raise NotPlayableError("the server has no permission to read the file; decide without it, or skip")
    return name, status


def _windows(connection: Connection, track_id: int, duration: float) -> tuple[Window, ...]:
    """The windows in the provenance of the newest vector, or else the default windows."""
    rows = connection.execute(
        sa.select(feature_vector.c.provenance)
        .where(feature_vector.c.track_id == track_id)
        .order_by(feature_vector.c.computed_at.desc(), feature_vector.c.feature_set_id)
    ).scalars()
    for provenance in rows:
        if windows := (provenance or {}).get("windows"):
            return tuple((float(begin), float(end)) for begin, end in windows)
    return excerpt_windows(duration)[0] if duration > 0 else ()
