"""A playlist of the tracks that an answer names, as an extended M3U in UTF-8 (`.m3u8`)."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH118, PTH119

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import quote_from_bytes

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import artist, collection, track
from catalog.errors import CatalogError

CHUNK = 500
"""Tracks that are looked up at once."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class NoTracksError(CatalogError):
    """An answer that does not say which tracks it means."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """What was written."""

    tracks: int
    without_file: int
    """Tracks of the answer that are left out: their file is missing, or they never had one."""


def write_playlist(
    file: BinaryIO, connection: Connection, columns: Sequence[str], records: Iterable[Sequence[Any]]
) -> Playlist:
    """Writes the tracks of an answer in its order, each once. Raises NoTracksError where it has no column `track_id`."""
    if "track_id" not in columns:
        raise NoTracksError(
            "a playlist needs a column track_id; the answer has " + (", ".join(columns) or "no columns")
        )
    place = list(columns).index("track_id")
    file.write(b"#EXTM3U\n")
    tracks = without_file = 0
    for ids in _chunks(_once(record[place] for record in records)):
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
    """The two lines of a track: length in whole seconds (-1 where unknown) with performer and title, and the file.

    A name that is not UTF-8, or that a line does not hold, is a `file:` address, which says every byte.
    """
    name = " - ".join(_line(each) for each in (performer, title) if each and _line(each))
    length = -1 if seconds is None else round(seconds)
    shown = name or _line(os.path.basename(path).decode("utf-8", "replace"))
    return f"#EXTINF:{length},{shown}\n".encode("utf-8", "replace") + _location(path) + b"\n"


def _location(path: bytes) -> bytes:
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    # Players cut spaces off at the ends of a line.
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
            track.c.state == "present",
            track.c.path_bytes.is_not(None),
            collection.c.root_bytes.is_not(None),
        )
    )
    return {
        row.id: entry(os.path.join(row.root_bytes, row.path_bytes), row.duration, row.name, row.title)
        for row in connection.execute(query)
    }


def _once(values: Iterable[Any]) -> Iterator[int]:
    seen: set[int] = set()
    for value in values:
        if value is not None and not isinstance(value, int):
            raise NoTracksError(f"the column track_id holds {value!r}, which is no number of a track")
        if value is not None and value not in seen:
            seen.add(value)
            yield value


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(ids)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
