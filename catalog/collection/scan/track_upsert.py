"""Recording arrivals: which track each one is, and the rows that say so."""

from __future__ import annotations

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
from catalog.collection.scan.scanned_file import ScannedFile, has_left_path
from catalog.collection.statements import NewStatement, changed_statements, write_statements
from catalog.db.columns import now
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import track
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary


class KnownTrack(NamedTuple):
    """A track as the catalog has it before the arrivals are recorded."""

    id: int
    path_bytes: bytes | None
    size: int | None
    mtime_ns: int | None
    file_signature: str | None
    state: str
    title: str | None
    artist_id: int | None
    album_id: int | None


@dataclass
class UpsertResult:
    """What became of some arrivals; ids of tracks."""

    seen: set[int] = field(default_factory=set)
    added: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    unchanged: int = 0


@dataclass
class _Matching:
    """Which track is which arrival."""

    root: bytes
    by_path: dict[bytes, KnownTrack]
    by_mark: dict[tuple[str | None, int | None], list[KnownTrack]]
    taken: set[int] = field(default_factory=set)
    displaced: set[int] = field(default_factory=set)

    def find(self, arrivals: Sequence[ScannedFile]) -> list[KnownTrack | None]:
        """The track that each arrival is: what has moved there, else what was known there; None for a new one.

        All moves are found before a file counts as changed in its place: in an album that was renumbered every place
        is taken by another file.
        """
        found: dict[int, KnownTrack] = {}
        for at, arrival in enumerate(arrivals):
            own = self.by_path.get(arrival.path)
            if own is not None and own.file_signature == arrival.file_signature:
                found[at] = own
                self.taken.add(own.id)
        for at, arrival in enumerate(arrivals):
            if at not in found and (moved := self._moved(arrival)) is not None:
                found[at] = moved
                self.taken.add(moved.id)
                if (own := self.by_path.get(arrival.path)) is not None:
                    self.displaced.add(own.id)
        self.displaced -= self.taken
        for at, arrival in enumerate(arrivals):
            own = self.by_path.get(arrival.path)
            if at not in found and own is not None and own.id not in self.taken | self.displaced:
                found[at] = own
                self.taken.add(own.id)
        return [found.get(at) for at in range(len(arrivals))]

    def _moved(self, arrival: ScannedFile) -> KnownTrack | None:
        """A track with the arrival's content that has left its place."""
        for known in self.by_mark.get((arrival.file_signature, arrival.size), []):
            if known.id in self.taken:
                continue
            if (
                known.id in self.displaced
                or known.path_bytes is None
                or has_left_path(
                    self.root,
                    known.path_bytes,
                    known.size or 0,
                    known.mtime_ns or 0,
                    known.file_signature or "",
                    arrival,
                )
            ):
                return known
        return None


def upsert_tracks(
    connection: Connection, collection_id: int, root: bytes, arrivals: Sequence[ScannedFile]
) -> UpsertResult:
    """Records arrivals of one collection in the caller's transaction, with their statements and standings.

    The same arrivals recorded twice change nothing the second time. A file that moved keeps its track; the track whose
    place it took is missing until its own file is found.
    """
    # First the lock on the vocabulary, then artists, albums and tracks: all who write go in this order.
    vocabulary = load_vocabulary(connection)
    texts = {name for each in arrivals for name in genres_in(each.tags.genres, vocabulary)}
    ensure_terms(connection, texts, vocabulary)
    artists = ensure_artists(
        connection, {name for each in arrivals for name in (each.tags.artist, each.tags.album_artist) if name}
    )
    albums = ensure_albums(connection, {album for each in arrivals if (album := _album(each))})
    matching = _matching(connection, collection_id, root, arrivals)
    found = matching.find(arrivals)
    moment = now()
    rows = [_row(each, known, artists, albums, moment) for each, known in zip(arrivals, found, strict=True)]
    ids = _write(connection, collection_id, rows, found, matching.displaced)
    sayings = [
        NewStatement(key, each.tags.genres, each.tags.origin) for key, each in zip(ids, arrivals, strict=True)
    ]
    write_statements(connection, "file", changed_statements(connection, "file", sayings), vocabulary)
    left = {
        known.artist_id
        for known, row in zip(found, rows, strict=True)
        if known is not None and known.artist_id is not None and known.artist_id != row["artist_id"]
    }
    refresh_track_status(connection, [*ids, *one_track_of(connection, left)])
    result = UpsertResult(seen=set(ids))
    for each, known in zip(arrivals, found, strict=True):
        _count(result, each, known)
    return result


def _count(result: UpsertResult, arrival: ScannedFile, known: KnownTrack | None) -> None:
    if known is None:
        result.added += 1
    elif known.path_bytes != arrival.path:
        result.moved += 1
    elif known.state != "present":
        result.back += 1
    elif (known.size, known.mtime_ns) != (arrival.size, arrival.mtime_ns):
        result.changed += 1
    else:
        result.unchanged += 1


def _matching(
    connection: Connection, collection_id: int, root: bytes, arrivals: Sequence[ScannedFile]
) -> _Matching:
    columns = [track.c[name] for name in KnownTrack._fields]
    query = sa.select(*columns).where(track.c.collection_id == collection_id).order_by(track.c.id)
    at_paths = connection.execute(query.where(track.c.path_bytes.in_([each.path for each in arrivals])))
    alike = connection.execute(
        query.where(track.c.file_signature.in_({each.file_signature for each in arrivals}))
    )
    by_path = {row.path_bytes: KnownTrack(*row) for row in at_paths}
    by_mark: dict[tuple[str | None, int | None], list[KnownTrack]] = defaultdict(list)
    for row in alike:
        by_mark[row.file_signature, row.size].append(KnownTrack(*row))
    return _Matching(root, by_path, by_mark)


def _album(arrival: ScannedFile) -> Album | None:
    tags = arrival.tags
    return None if tags.album is None else (tags.album_artist or tags.artist, tags.album)


def _row(
    arrival: ScannedFile,
    known: KnownTrack | None,
    artists: dict[str, int],
    albums: dict[Album, int],
    moment: datetime,
) -> dict[str, Any]:
    """The columns of a track. Where the file says no title, artist or album, what a list gave stays."""
    tags = arrival.tags
    album = _album(arrival)
    return {
        "path": display_path(arrival.path),
        "path_bytes": arrival.path,
        "state": "present",
        "size": arrival.size,
        "mtime_ns": arrival.mtime_ns,
        "file_signature": arrival.file_signature,
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
    found: Sequence[KnownTrack | None],
    displaced: set[int],
) -> list[int]:
    """Writes the tracks and gives their ids in the order of the rows."""
    leaving = [
        known.id
        for known, row in zip(found, rows, strict=True)
        if known is not None and known.path_bytes != row["path_bytes"]
    ]
    if leaving or displaced:
        # Places are unique: all are left before any is taken.
        connection.execute(
            sa.update(track)
            .where(track.c.id.in_([*leaving, *displaced]))
            .values(path_bytes=None, state="missing")
        )
    updates = [
        row | {"track_key": known.id} for row, known in zip(rows, found, strict=True) if known is not None
    ]
    if updates:
        update = sa.update(track).where(track.c.id == sa.bindparam("track_key"))
        connection.execute(update, sorted(updates, key=lambda row: int(row["track_key"])))
    inserts = [
        row | {"collection_id": collection_id}
        for row, known in zip(rows, found, strict=True)
        if known is None
    ]
    made: list[int] = []
    if inserts:
        insert = sa.insert(track).returning(track.c.id, sort_by_parameter_order=True)
        made = list(connection.execute(insert, inserts).scalars())
    fresh = iter(made)
    return [next(fresh) if known is None else known.id for known in found]
