"""Writes the tracks of a query result as a playlist: an extended M3U in UTF-8 (`.m3u8`)."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118, PTH119

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote_from_bytes

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import IDS_PER_QUERY, batches
from catalog.db.tables import artist, collection, track
from catalog.db.track_query import HAS_FILE
from catalog.errors import CatalogError

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class NoTracksError(CatalogError):
    """A query result without valid track ids."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """Numbers of tracks."""

    tracks: int
    without_file: int
    """Tracks that were left out, because their file is missing or they never had one."""


def write_playlist(
    file: BinaryIO, connection: Connection, columns: Sequence[str], records: Iterable[Sequence[Any]]
) -> Playlist:
    """Writes the tracks of a query result in its order, each once. Raises NoTracksError without track ids."""
    if "track_id" not in columns:
        raise NoTracksError(
            "a playlist needs a column track_id; the result has " + (", ".join(columns) or "no columns")
        )
    place = list(columns).index("track_id")
    file.write(b"#EXTM3U\n")
    tracks = without_file = 0
    for ids in batches(_distinct(record[place] for record in records), IDS_PER_QUERY):
        entries = _entries(connection, ids)
        for track_id in ids:
            entry = entries.get(track_id)
            if entry is None:
                without_file += 1
            else:
                tracks += 1
                file.write(entry)
    return Playlist(tracks, without_file)


def entry(path: bytes, seconds: float | None, performer: str | None, title: str | None) -> bytes:
    """The two lines of a track: length in whole seconds (-1 if unknown) with performer and title, and the file.

    A path that is not UTF-8, or does not fit in a line, is written as a `file:` URL.
    """
    name = " - ".join(_line(part) for part in (performer, title) if part and _line(part))
    length = -1 if seconds is None else round(seconds)
    shown = name or _line(os.path.basename(path).decode("utf-8", "replace"))
    return f"#EXTINF:{length},{shown}\n".encode("utf-8", "replace") + _location(path) + b"\n"


def _location(path: bytes) -> bytes:
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    # Players strip spaces at both ends of a line.
    if text is None or _UNFIT.search(text) or text != text.strip():
        return b"file://" + quote_from_bytes(path).encode("ascii")
    return path


def _line(text: str) -> str:
    return _UNFIT.sub(" ", text).strip()


def _entries(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    query = (
        sa.select(
            track.c.id,
            collection.c.root_bytes,
            track.c.path_bytes,
            track.c.duration,
            artist.c.name,
            track.c.title,
        )
        .join_from(track, collection)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .where(
            track.c.id.in_(ids),
            HAS_FILE,
            track.c.path_bytes.is_not(None),
            collection.c.root_bytes.is_not(None),
        )
    )
    return {
        row.id: entry(os.path.join(row.root_bytes, row.path_bytes), row.duration, row.name, row.title)
        for row in connection.execute(query)
    }


def _distinct(values: Iterable[Any]) -> Iterator[int]:
    seen: set[int] = set()
    for value in values:
        if value is not None and not isinstance(value, int):
            raise NoTracksError(f"the column track_id holds {value!r}, which is not a track id")
        if value is not None and value not in seen:
            seen.add(value)
            yield value
