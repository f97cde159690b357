"""Inserts and updates tracks for the files that a scan opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.albums import Album, ensure_albums
from catalog.collection.naming.artists import ensure_artists
from catalog.collection.naming.paths import display_path
from catalog.collection.scan.file_tags import TAG_READER
from catalog.collection.scan.scanned_file import ScannedFile
from catalog.collection.scan.track_matching import KnownTrack, load_track_matcher
from catalog.collection.statements import NewStatement, changed_statements, write_statements
from catalog.db.columns import now
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import track
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary

CHANGES = (
    "size",
    "mtime_ns",
    "file_signature",
    "title",
    "year",
    "track_number",
    "artist_id",
    "album_id",
)
"""Columns that make a track count as changed."""


@dataclass
class UpsertResult:
    """Numbers of files by what was done; `seen` holds the ids of their tracks."""

    seen: set[int] = field(default_factory=set)
    added: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    unchanged: int = 0


def upsert_tracks(
    connection: Connection, collection_id: int, root: bytes, files: Sequence[ScannedFile]
) -> UpsertResult:
    """Inserts or updates the tracks of files in the caller's transaction, with their statements and track status.

    A repeated call changes nothing. A file that moved keeps its track, also from another collection; the track whose
    path it took is missing until its own file is found.
    """
    # All writers lock in this order: the vocabulary, then artists, albums and tracks.
    vocabulary = load_vocabulary(connection)
    genres = {name for file in files for name in genres_in(file.tags.genres, vocabulary)}
    ensure_terms(connection, genres, vocabulary)
    artists = ensure_artists(
        connection, {name for file in files for name in (file.tags.artist, file.tags.album_artist) if name}
    )
    albums = ensure_albums(connection, {album for file in files if (album := _album(file))})
    matcher = load_track_matcher(connection, collection_id, root, files)
    matches = matcher.match(files)
    moment = now()
    rows = [
        _row(file, known, artists, albums) | {"collection_id": collection_id, "seen_at": moment}
        for file, known in zip(files, matches, strict=True)
    ]
    ids = _write(connection, rows, matches, matcher.displaced)
    statements = [
        NewStatement(track_id, file.tags.genres, file.tags.origin)
        for track_id, file in zip(ids, files, strict=True)
    ]
    changed = changed_statements(connection, "file", statements)
    write_statements(connection, "file", changed, vocabulary)
    former_artists = {
        known.artist_id
        for known, row in zip(matches, rows, strict=True)
        if known is not None and known.artist_id is not None and known.artist_id != row["artist_id"]
    }
    refresh_track_status(connection, [*ids, *one_track_of(connection, former_artists)])
    result = UpsertResult(seen=set(ids))
    restated = {new.track_id for new in changed}
    for track_id, row, known in zip(ids, rows, matches, strict=True):
        _count(result, row, known, is_restated=track_id in restated)
    return result


def _count(result: UpsertResult, row: dict[str, Any], known: KnownTrack | None, *, is_restated: bool) -> None:
    if known is None:
        result.added += 1
    elif (known.collection_id, known.path_bytes) != (row["collection_id"], row["path_bytes"]):
        result.moved += 1
    elif known.state != "present":
        result.back += 1
    elif is_restated or any(getattr(known, name) != row[name] for name in CHANGES):
        result.changed += 1
    else:
        result.unchanged += 1


def _album(file: ScannedFile) -> Album | None:
    tags = file.tags
    return None if tags.album is None else (tags.album_artist or tags.artist, tags.album)


def _row(
    file: ScannedFile,
    known: KnownTrack | None,
    artists: dict[str, int],
    albums: dict[Album, int],
) -> dict[str, Any]:
    """The columns of a track. A title, artist or album that the file lacks stays as an import set it.

    So do the stream facts of an analysis of the same audio, which are more exact than those of the tag reader.
    """
    tags = file.tags
    is_analyzed = (
        known is not None and known.audio_hash is not None and known.file_signature == file.file_signature
    )
    stream = known if known is not None and is_analyzed else tags
    album = _album(file)
    return {
        "path": display_path(file.path),
        "path_bytes": file.path,
        "state": "present",
        **file.state._asdict(),
        "tag_reader": TAG_READER,
        "file_signature": file.file_signature,
        "duration": stream.duration,
        "codec": stream.codec,
        "sample_rate": stream.sample_rate,
        "channels": stream.channels,
        "bit_rate": tags.bit_rate,
        "title": tags.title or (known and known.title),
        "year": tags.year,
        "track_number": tags.track_number,
        "artist_id": artists.get(tags.artist or tags.album_artist or "", known and known.artist_id),
        "album_id": albums[album] if album else (known and known.album_id),
    }


def _write(
    connection: Connection,
    rows: Sequence[dict[str, Any]],
    matches: Sequence[KnownTrack | None],
    displaced: set[int],
) -> list[int]:
    """Writes the tracks and returns their ids in the order of the rows."""
    moving = [
        known.id
        for known, row in zip(matches, rows, strict=True)
        if known is not None
        and (known.collection_id, known.path_bytes) != (row["collection_id"], row["path_bytes"])
    ]
    if moving or displaced:
        # Paths are unique: all old ones are cleared before any new one is set.
        connection.execute(
            sa.update(track)
            .where(track.c.id.in_([*moving, *displaced]))
            .values(path_bytes=None, state="missing")
        )
    updates = [
        row | {"track_key": known.id} for row, known in zip(rows, matches, strict=True) if known is not None
    ]
    if updates:
        update = sa.update(track).where(track.c.id == sa.bindparam("track_key"))
        connection.execute(update, sorted(updates, key=lambda row: int(row["track_key"])))
    inserts = [row for row, known in zip(rows, matches, strict=True) if known is None]
    inserted: list[int] = []
    if inserts:
        insert = sa.insert(track).returning(track.c.id, sort_by_parameter_order=True)
        inserted = list(connection.execute(insert, inserts).scalars())
    new_ids = iter(inserted)
    return [next(new_ids) if known is None else known.id for known in matches]
