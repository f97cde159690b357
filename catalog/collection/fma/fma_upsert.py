"""Inserts and updates for rows of the Free Music Archive: tracks, artists, albums, its own columns, statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.fma.fma_audio import LinkedFile
from catalog.collection.fma.fma_genres import FmaGenres, FmaStatement
from catalog.collection.fma.fma_tracks import FmaTrack
from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist, placeholder_artists
from catalog.collection.statements import newest_statements
from catalog.db.bulk_insert import take_ids, write_rows
from catalog.db.columns import now
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import album, artist, fma_track, label, statement, track
from catalog.db.upsert import insert_into

STATED_BY = "Free Music Archive"
"""`statement.stated_by` of imported statements."""

ARCHIVE_COLUMNS = ("title", "artist_id", "album_id", "duration", "bit_rate", "track_number", "year")
"""Columns of `track` that the archive gives for every track."""
FILE_COLUMNS = (
    "path",
    "path_bytes",
    "state",
    "size",
    "mtime_ns",
    "ctime_ns",
    "inode",
    "tag_reader",
    "file_signature",
    "duration",
    "codec",
    "sample_rate",
    "channels",
    "bit_rate",
    "seen_at",
)
"""Columns of `track` that the file gives, if there is one."""
OWN_COLUMNS = tuple(column.name for column in fma_track.columns)


@dataclass
class FmaUpsertResult:
    """Numbers of rows by what was done."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    with_file: int = 0
    """Rows whose file exists."""
    statements: int = 0
    contradicting: int = 0
    """Rows whose top genre is not an ancestor of any of their genres."""
    without_genre: int = 0


@dataclass(frozen=True, slots=True)
class _Ids:
    """Ids of the database by the archive's ids."""

    artists: Mapping[str, int]
    albums: Mapping[str, int]
    tracks: dict[int, int]


def upsert_fma_tracks(
    connection: Connection,
    collection_id: int,
    rows: Sequence[FmaTrack],
    files: Mapping[int, LinkedFile],
    genres: FmaGenres,
) -> FmaUpsertResult:
    """Inserts or updates rows in the caller's transaction; a repeated call changes nothing.

    `files` are the files of tracks by the archive's id. Values of a track with a file are not overwritten, because
    they are from the file or a person; the archive fills empty ones.
    """
    moment = now()
    files = dict(files)
    known = _known_tracks(connection, collection_id, rows, files)
    new_rows = [fma for fma in rows if fma.id not in known]
    ids = _Ids(
        _ensure_artists(connection, rows),
        _ensure_albums(connection, rows),
        {number: row.id for number, row in known.items()},
    )
    new_ids = take_ids(connection, track, len(new_rows))
    ids.tracks.update(zip((fma.id for fma in new_rows), new_ids, strict=True))
    _insert_tracks(connection, collection_id, new_rows, files, ids, moment)
    changed, moved, former_artists = _update_tracks(connection, rows, known, files, ids, moment)
    statements = {fma.id: genres.statement(fma) for fma in rows}
    old_ids = [row.id for row in known.values()]
    changed |= _write_own_columns(connection, rows, statements, ids.tracks, old_ids)
    stated = _write_statements(connection, rows, statements, ids.tracks, old_ids, moment)
    added = {ids.tracks[fma.id] for fma in new_rows}
    refresh_track_status(connection, [*added, *moved, *stated, *one_track_of(connection, former_artists)])
    changed = (changed | set(stated)) - added
    return FmaUpsertResult(
        added=len(added),
        changed=len(changed),
        unchanged=len(rows) - len(added) - len(changed),
        with_file=len(files),
        statements=len(stated),
        contradicting=sum(new is not None and new.contradicts for new in statements.values()),
        without_genre=sum(new is None for new in statements.values()),
    )


def _known_tracks(
    connection: Connection, collection_id: int, rows: Sequence[FmaTrack], files: dict[int, LinkedFile]
) -> dict[int, Any]:
    """The tracks in the database by the archive's id: with that external id, else with the path of the file.

    A file that belongs to another track is removed from `files`.
    """
    columns = [
        track.c[name] for name in ("id", *dict.fromkeys(("external_id", *ARCHIVE_COLUMNS, *FILE_COLUMNS)))
    ]
    query = sa.select(*columns).where(track.c.collection_id == collection_id)
    by_id = query.where(track.c.external_id.in_([str(fma.id) for fma in rows]))
    known = {int(row.external_id): row for row in connection.execute(by_id)}
    by_path = query.where(track.c.path_bytes.in_([file.path for file in files.values()]))
    at_paths = {row.path_bytes: row for row in connection.execute(by_path)} if files else {}
    for number, file in list(files.items()):
        row = at_paths.get(file.path)
        if row is None or row.external_id == str(number):
            continue
        if row.external_id is None and number not in known:
            known[number] = row
        else:
            del files[number]
    return known


def _archive_values(fma: FmaTrack, ids: _Ids) -> tuple[Any, ...]:
    """The values of ARCHIVE_COLUMNS."""
    return (
        fma.title,
        ids.artists.get(fma.artist_id or ""),
        ids.albums.get(fma.album_id or ""),
        None if fma.duration is None else float(fma.duration),
        fma.bit_rate,
        fma.number,
        fma.year,
    )


def _insert_tracks(
    connection: Connection,
    collection_id: int,
    rows: Sequence[FmaTrack],
    files: Mapping[int, LinkedFile],
    ids: _Ids,
    moment: datetime,
) -> None:
    if not rows:
        return
    file_only = tuple(name for name in FILE_COLUMNS if name not in ARCHIVE_COLUMNS)
    columns = ("id", "collection_id", "external_id", "added_at", *ARCHIVE_COLUMNS)

    def without_file(fma: FmaTrack) -> tuple[Any, ...]:
        key = (ids.tracks[fma.id], collection_id, str(fma.id), moment)
        return (*key, *_archive_values(fma, ids), "metadata")

    def with_file(fma: FmaTrack) -> tuple[Any, ...]:
        key = (ids.tracks[fma.id], collection_id, str(fma.id), moment)
        of_file = files[fma.id].columns(moment)
        of_archive = zip(ARCHIVE_COLUMNS, _archive_values(fma, ids), strict=True)
        merged = [of_file.get(name, value) for name, value in of_archive]
        return (*key, *merged, *(of_file[name] for name in file_only))

    write_rows(
        connection, track, (*columns, "state"), (without_file(fma) for fma in rows if fma.id not in files)
    )
    write_rows(connection, track, (*columns, *file_only), (with_file(fma) for fma in rows if fma.id in files))


def _update_tracks(
    connection: Connection,
    rows: Sequence[FmaTrack],
    known: Mapping[int, Any],
    files: Mapping[int, LinkedFile],
    ids: _Ids,
    moment: datetime,
) -> tuple[set[int], list[int], set[int]]:
    """Updates known tracks. Returns the changed tracks, those with another artist, and their former artists."""
    changed: set[int] = set()
    moved: list[int] = []
    former_artists: set[int] = set()
    for fma in rows:
        if fma.id not in known:
            continue
        row = known[fma.id]
        values = _changed_values(row, fma, files.get(fma.id), ids, moment)
        if not values:
            continue
        connection.execute(sa.update(track).where(track.c.id == row.id).values(**values))
        changed.add(row.id)
        if "artist_id" in values:
            moved.append(row.id)
            if row.artist_id is not None:
                former_artists.add(row.artist_id)
    return changed, moved, former_artists


def _changed_values(
    row: Any, fma: FmaTrack, file: LinkedFile | None, ids: _Ids, moment: datetime
) -> dict[str, Any]:
    """The columns of a known track that change."""
    of_archive = _archive_values(fma, ids)
    is_metadata = row.state == "metadata"
    if file is None and is_metadata and tuple(row[1 : 2 + len(of_archive)]) == (str(fma.id), *of_archive):
        return {}
    values = dict(zip(ARCHIVE_COLUMNS, of_archive, strict=True))
    if not is_metadata or file is not None:
        del values["duration"], values["bit_rate"]
    if not is_metadata:
        values = {name: value for name, value in values.items() if getattr(row, name) is None}
    values["external_id"] = str(fma.id)
    changes = {name: value for name, value in values.items() if getattr(row, name) != value}
    if file is not None and not file.is_known(row):
        changes |= file.columns(moment)
    return changes


def _write_own_columns(
    connection: Connection,
    rows: Sequence[FmaTrack],
    statements: Mapping[int, FmaStatement | None],
    ids: Mapping[int, int],
    old_ids: list[int],
) -> set[int]:
    """Writes new and changed rows of `fma_track`; returns the tracks whose rows changed."""
    values_by_id = {}
    for fma in rows:
        contradicts = (new := statements[fma.id]) is not None and new.contradicts
        values_by_id[ids[fma.id]] = (fma.subset, fma.split, fma.genre_top, contradicts, *fma.own)
    query = sa.select(fma_track).where(fma_track.c.track_id.in_(old_ids))
    present = {row[0]: tuple(row[1:]) for row in connection.execute(query)} if old_ids else {}
    changed = {track_id for track_id, values in present.items() if values != values_by_id[track_id]}
    for track_id in sorted(changed):
        columns = dict(zip(OWN_COLUMNS[1:], values_by_id[track_id], strict=True))
        connection.execute(sa.update(fma_track).where(fma_track.c.track_id == track_id).values(**columns))
    new_rows = ((track_id, *values) for track_id, values in values_by_id.items() if track_id not in present)
    write_rows(connection, fma_track, OWN_COLUMNS, new_rows)
    return changed


def _write_statements(
    connection: Connection,
    rows: Sequence[FmaTrack],
    statements: Mapping[int, FmaStatement | None],
    ids: Mapping[int, int],
    old_ids: list[int],
    moment: datetime,
) -> list[int]:
    """Adds statements that differ, as written, from the archive's newest statement on the track; returns the tracks."""
    before = newest_statements(connection, "import", old_ids, stated_by=STATED_BY)
    changed: list[tuple[int, FmaStatement | None]] = []
    for fma in rows:
        new, old = statements[fma.id], before.get(ids[fma.id])
        if (new.as_written if new is not None else "") != (old.as_written if old is not None else ""):
            changed.append((ids[fma.id], new))
    statement_ids = take_ids(connection, statement, len(changed)) if changed else []
    columns = ("id", "track_id", "source", "stated_at", "stated_by", "origin", "as_written")
    write_rows(
        connection,
        statement,
        columns,
        [
            (key, track_id, "import", moment, STATED_BY, new and new.origin, new.as_written if new else "")
            for key, (track_id, new) in zip(statement_ids, changed, strict=True)
        ],
    )
    labels = [
        (key, rank, genre_id, name)
        for key, (_, new) in zip(statement_ids, changed, strict=True)
        if new is not None
        for rank, (genre_id, name) in enumerate(new.labels)
    ]
    write_rows(connection, label, ("statement_id", "rank", "genre_id", "as_written"), labels)
    return [track_id for track_id, _ in changed]


def _ensure_artists(connection: Connection, rows: Iterable[FmaTrack]) -> dict[str, int]:
    """Ids of artists by the archive's id, which distinguishes two artists of one name."""
    names = {fma.artist_id: fma.artist for fma in rows if fma.artist_id and fma.artist}
    artists = []
    for number, name in names.items():
        folded = fold_artist(name)
        artists.append(
            {
                "key": f"fma:{number}",
                "name": name,
                "folded": folded,
                "is_placeholder": folded in placeholder_artists(),
                "external_id": number,
            }
        )
    return _ensure(connection, artist, artists)


def _ensure_albums(connection: Connection, rows: Iterable[FmaTrack]) -> dict[str, int]:
    """Ids of albums by the archive's id. The archive gives no album artist, because many albums are compilations."""
    first: dict[str, FmaTrack] = {}
    for fma in rows:
        if fma.album_id and fma.album:
            first.setdefault(fma.album_id, fma)
    albums = [
        {
            "key": f"fma:{number}",
            "title": fma.album,
            "folded": fold_album(fma.album or ""),
            "external_id": number,
            "released": fma.released,
            "information": fma.information,
        }
        for number, fma in first.items()
    ]
    return _ensure(connection, album, albums)


def _ensure(connection: Connection, table: sa.Table, values: list[dict[str, Any]]) -> dict[str, int]:
    """Ids by the archive's id. Missing rows are inserted in order of their keys, so that no deadlock is possible."""
    query = sa.select(table.c.external_id, table.c.id)
    keys = [row["key"] for row in values]
    ids: dict[str, int] = dict(connection.execute(query.where(table.c.key.in_(keys))).all())
    missing = sorted((row for row in values if row["external_id"] not in ids), key=lambda row: row["key"])
    if missing:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), missing)
        keys = [row["key"] for row in missing]
        ids |= dict(connection.execute(query.where(table.c.key.in_(keys))).all())
    return ids
