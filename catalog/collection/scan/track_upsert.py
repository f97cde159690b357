"""Inserts and updates tracks for the files that a scan opened."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.albums import Album, ensure_albums
from catalog.collection.naming.artists import ensure_artists
from catalog.collection.naming.paths import display_path
from catalog.collection.scan.file_tags import TAG_READER
from catalog.collection.scan.scanned_file import ScannedFile, has_left_path
from catalog.collection.scan.walk import FileState
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
    "duration",
    "codec",
    "title",
    "year",
    "track_number",
    "artist_id",
    "album_id",
)
"""Columns that make a track count as changed."""


class KnownTrack(NamedTuple):
    """A track in the database before the update."""

    id: int
    path_bytes: bytes | None
    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    inode: int | None
    file_signature: str | None
    state: str
    duration: float | None
    codec: str | None
    title: str | None
    year: int | None
    track_number: int | None
    artist_id: int | None
    album_id: int | None

    @property
    def file_state(self) -> FileState:
        """The state of the file when it was last read."""
        return FileState(self.size, self.mtime_ns, self.ctime_ns, self.inode)


@dataclass
class UpsertResult:
    """Numbers of files by what was done; `seen` holds the ids of their tracks."""

    seen: set[int] = field(default_factory=set)
    added: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    unchanged: int = 0


@dataclass
class _TrackMatcher:
    """Finds the track of each file."""

    root: bytes
    by_path: dict[bytes, KnownTrack]
    by_signature: dict[tuple[str | None, int | None], list[KnownTrack]]
    taken: set[int] = field(default_factory=set)
    displaced: set[int] = field(default_factory=set)
    """Ids of tracks whose path another file has taken."""

    def match(self, files: Sequence[ScannedFile]) -> list[KnownTrack | None]:
        """The track of each file: the track that moved to its path, else the track at its path; None for a new file.

        Moves are matched before changes: in an album that was renumbered, every path is taken by another file.
        """
        matches: dict[int, KnownTrack] = {}

        def take(position: int, known: KnownTrack) -> None:
            matches[position] = known
            self.taken.add(known.id)

        for position, file in enumerate(files):
            at_path = self.by_path.get(file.path)
            if at_path is not None and at_path.file_signature == file.file_signature:
                take(position, at_path)
        for position, file in enumerate(files):
            if position not in matches and (moved := self._moved(file)) is not None:
                take(position, moved)
                if (at_path := self.by_path.get(file.path)) is not None:
                    self.displaced.add(at_path.id)
        self.displaced -= self.taken
        for position, file in enumerate(files):
            at_path = self.by_path.get(file.path)
            if (
                position not in matches
                and at_path is not None
                and at_path.id not in self.taken | self.displaced
            ):
                take(position, at_path)
        return [matches.get(position) for position in range(len(files))]

    def _moved(self, file: ScannedFile) -> KnownTrack | None:
        """A track with the same content that has left its path."""
        for known in self.by_signature.get((file.file_signature, file.state.size), []):
            if known.id in self.taken:
                continue
            if (
                known.id in self.displaced
                or known.path_bytes is None
                or has_left_path(
                    self.root,
                    known.path_bytes,
                    known.file_state,
                    known.file_signature,
                    os.path.join(self.root, file.path),
                )
            ):
                return known
        return None


def upsert_tracks(
    connection: Connection, collection_id: int, root: bytes, files: Sequence[ScannedFile]
) -> UpsertResult:
    """Inserts or updates the tracks of files in the caller's transaction, with their statements and track status.

    A repeated call changes nothing. A file that moved keeps its track; the track whose path it took is missing until
    its own file is found.
    """
    # All writers lock in this order: the vocabulary, then artists, albums and tracks.
    vocabulary = load_vocabulary(connection)
    genres = {name for file in files for name in genres_in(file.tags.genres, vocabulary)}
    ensure_terms(connection, genres, vocabulary)
    artists = ensure_artists(
        connection, {name for file in files for name in (file.tags.artist, file.tags.album_artist) if name}
    )
    albums = ensure_albums(connection, {album for file in files if (album := _album(file))})
    matcher = _load_matcher(connection, collection_id, root, files)
    matches = matcher.match(files)
    moment = now()
    rows = [_row(file, known, artists, albums, moment) for file, known in zip(files, matches, strict=True)]
    ids = _write(connection, collection_id, rows, matches, matcher.displaced)
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
    elif known.path_bytes != row["path_bytes"]:
        result.moved += 1
    elif known.state != "present":
        result.back += 1
    elif is_restated or any(getattr(known, name) != row[name] for name in CHANGES):
        result.changed += 1
    else:
        result.unchanged += 1


def _load_matcher(
    connection: Connection, collection_id: int, root: bytes, files: Sequence[ScannedFile]
) -> _TrackMatcher:
    columns = [track.c[name] for name in KnownTrack._fields]
    query = sa.select(*columns).where(track.c.collection_id == collection_id).order_by(track.c.id)
    at_paths = connection.execute(query.where(track.c.path_bytes.in_([file.path for file in files])))
    signatures = {file.file_signature for file in files}
    of_content = connection.execute(query.where(track.c.file_signature.in_(signatures)))
    by_path = {row.path_bytes: KnownTrack(*row) for row in at_paths}
    by_signature: dict[tuple[str | None, int | None], list[KnownTrack]] = defaultdict(list)
    for row in of_content:
        by_signature[row.file_signature, row.size].append(KnownTrack(*row))
    return _TrackMatcher(root, by_path, by_signature)


def _album(file: ScannedFile) -> Album | None:
    tags = file.tags
    return None if tags.album is None else (tags.album_artist or tags.artist, tags.album)


def _row(
    file: ScannedFile,
    known: KnownTrack | None,
    artists: dict[str, int],
    albums: dict[Album, int],
    moment: datetime,
) -> dict[str, Any]:
    """The columns of a track. A title, artist or album that the file lacks stays as an import set it."""
    tags = file.tags
    album = _album(file)
    return {
        "path": display_path(file.path),
        "path_bytes": file.path,
        "state": "present",
        **file.state._asdict(),
        "tag_reader": TAG_READER,
        "file_signature": file.file_signature,
        "duration": tags.duration,
        "codec": tags.codec,
        "sample_rate": tags.sample_rate,
        "channels": tags.channels,
        "bit_rate": tags.bit_rate,
        "title": tags.title or (known and known.title),
        "year": tags.year,
        "track_number": tags.track_number,
        "artist_id": artists.get(tags.artist or tags.album_artist or "", known and known.artist_id),
        "album_id": albums[album] if album else (known and known.album_id),
        "seen_at": moment,
    }


def _write(
    connection: Connection,
    collection_id: int,
    rows: Sequence[dict[str, Any]],
    matches: Sequence[KnownTrack | None],
    displaced: set[int],
) -> list[int]:
    """Writes the tracks and returns their ids in the order of the rows."""
    moving = [
        known.id
        for known, row in zip(matches, rows, strict=True)
        if known is not None and known.path_bytes != row["path_bytes"]
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
    inserts = [
        row | {"collection_id": collection_id}
        for row, known in zip(rows, matches, strict=True)
        if known is None
    ]
    inserted: list[int] = []
    if inserts:
        insert = sa.insert(track).returning(track.c.id, sort_by_parameter_order=True)
        inserted = list(connection.execute(insert, inserts).scalars())
    new_ids = iter(inserted)
    return [next(new_ids) if known is None else known.id for known in matches]
