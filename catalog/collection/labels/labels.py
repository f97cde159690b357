"""The import of a labels file: one statement for each track that it says something new of."""

# ruff: noqa: PTH100 - a folder's name is bytes here
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.genre_spellings import Spelling, spellings_of
from catalog.collection.labels.label_file import LabelFile, LabelFileError, LabelRow, read_label_file
from catalog.collection.naming.albums import Album, ensure_albums
from catalog.collection.naming.artists import ensure_artists
from catalog.collection.naming.paths import display_path
from catalog.collection.path_matching import find_paths
from catalog.collection.roots import known_roots
from catalog.collection.statements import NewStatement, Source, changed_statements, write_statements
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.retry import retry_until_connected
from catalog.db.tables import artist, collection, track
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import load_vocabulary

EXAMPLES = 5
UNNAMED_PERSON = "unknown"
"""`stated_by` of a person whom the file does not name."""
CHUNK = 5_000


@dataclass
class LabelsReport:
    """What an import found and did."""

    file: str
    encoding: str
    separator: str
    rows: int = 0
    tracks: int = 0
    """Tracks that the file names with a genre."""
    statements: int = 0
    """Of these, tracks of which it says something new."""
    filled: int = 0
    """Tracks that got a title, an artist or an album they had not."""
    without_genre: int = 0
    """Rows with an empty genre: they say nothing."""
    from_files: int = 0
    """Rows whose source is the audio file: skipped, because a scan reads them there."""
    persons: int = 0
    """Tracks whose genres a person stated."""
    repeated: int = 0
    """Rows on a track that an earlier row named; their genres follow the earlier ones."""
    unknown: int = 0
    """Rows that name no track, or tracks in several collections."""
    unknown_examples: list[tuple[int, str]] = field(default_factory=list)
    """Line and name of the first few."""
    new_terms: list[Spelling] = field(default_factory=list)
    """Genres that the vocabulary did not have."""
    dry_run: bool = False


@dataclass
class _Named:
    """All that the file says of one track."""

    genres: list[str] = field(default_factory=list)
    artist: str | None = None
    album: str | None = None
    title: str | None = None
    person: str | None = None
    """The person who stated the genres; None if the file is their source."""

    def add(self, row: LabelRow) -> None:
        """Adds a row. The genres of a person replace imported ones; genres from audio files are left out."""
        person = (row.stated_by or UNNAMED_PERSON) if row.source == "person" else None
        if person is not None and self.person is None:
            self.genres, self.person = [], person
        is_relevant = row.source != "file" and person == self.person
        if is_relevant and row.genre is not None and row.genre not in self.genres:
            self.genres.append(row.genre)
        self.artist = self.artist or row.artist
        self.album = self.album or row.album
        self.title = self.title or row.title


def import_labels(
    database: Database,
    file: Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    collection_name: str | None = None,
    dry_run: bool = False,
) -> LabelsReport:
    """Imports a labels file in one transaction; a second time it changes nothing.

    Paths are relative to the file's folder or to a collection's root; `collection_name` limits the import to one.
    The encoding is found where it is not given.
    Several rows on a track are taken together. Artist, album and title are used where the track has none. A database
    that goes away in the middle is waited for. Raises LabelFileError, with nothing changed, where the file cannot be
    read or names no track at all.
    """
    read = read_label_file(file, columns, encoding)
    return retry_until_connected(lambda: _import(database, file, read, collection_name, dry_run=dry_run))


def _import(
    database: Database, file: Path, read: LabelFile, collection_name: str | None, *, dry_run: bool
) -> LabelsReport:
    report = LabelsReport(str(file), read.encoding, read.separator, rows=len(read.rows), dry_run=dry_run)
    with database.writer.connect() as connection, connection.begin() as transaction:
        named = _match(connection, read, os.path.abspath(os.fsencode(file.parent)), collection_name, report)
        if not named:
            raise LabelFileError(_nothing_named(connection, read))
        _state(connection, read, named, file.name, report)
        touched = _fill(connection, named)
        report.filled = len(touched)
        refresh_track_status(connection, named)
        if dry_run:
            transaction.rollback()
    return report


def _match(
    connection: Connection, read: LabelFile, folder: bytes, collection_name: str | None, report: LabelsReport
) -> dict[int, _Named]:
    """What the file says, by track."""
    roots = known_roots(connection)
    only = None
    if collection_name is not None:
        query = sa.select(collection.c.id).where(collection.c.name == collection_name)
        only = connection.execute(query).scalar_one_or_none()
        if only is None:
            raise LabelFileError(f"there is no collection {collection_name!r}; see: catalog collections list")
        roots = [each for each in roots if each.id == only]
    by_path = find_paths(connection, roots, folder, {row.path for row in read.rows if row.path})
    ids = {row.external_id for row in read.rows if row.external_id and row.path not in by_path}
    by_id = _find_external(connection, ids, only)
    named: dict[int, _Named] = {}
    for row in read.rows:
        found = by_path.get(row.path or "") or by_id.get(row.external_id or "") or set()
        if len(found) != 1:
            report.unknown += 1
            if len(report.unknown_examples) < EXAMPLES:
                remark = " (in several collections)" if found else ""
                report.unknown_examples.append((row.line, f"{row.name}{remark}"))
            continue
        (key,) = found
        report.repeated += key in named
        report.without_genre += row.genre is None
        report.from_files += row.source == "file"
        named.setdefault(key, _Named()).add(row)
    return named


def _find_external(connection: Connection, names: Iterable[str], only: int | None) -> dict[str, set[int]]:
    query = sa.select(track.c.external_id, track.c.id)
    if only is not None:
        query = query.where(track.c.collection_id == only)
    found: dict[str, set[int]] = {}
    listed = sorted(names)
    for start in range(0, len(listed), CHUNK):
        rows = connection.execute(query.where(track.c.external_id.in_(listed[start : start + CHUNK])))
        for name, key in rows:
            found.setdefault(str(name), set()).add(key)
    return found


def _state(
    connection: Connection, read: LabelFile, named: Mapping[int, _Named], stated_by: str, report: LabelsReport
) -> None:
    sayings: list[NewStatement] = []
    by_person: dict[str | None, list[NewStatement]] = {}
    for key, each in named.items():
        if each.genres:
            new = NewStatement(key, tuple(each.genres), read.genre_column)
            sayings.append(new)
            by_person.setdefault(each.person, []).append(new)
    vocabulary = load_vocabulary(connection)
    written: dict[str, int] = {}
    for new in sayings:
        for name in genres_in(new.texts, vocabulary):
            written[name] = written.get(name, 0) + 1
    report.tracks = len(sayings)
    report.new_terms = [each for each in spellings_of(vocabulary, written) if not each.is_known]
    for person, statements in by_person.items():
        source: Source = "import" if person is None else "person"
        changed = changed_statements(connection, source, statements)
        report.statements += len(changed)
        report.persons += 0 if person is None else len(statements)
        write_statements(
            connection, source, changed, load_vocabulary(connection), stated_by=person or stated_by
        )


def _fill(connection: Connection, named: Mapping[int, _Named]) -> list[int]:
    """Gives tracks without title, artist or album what the file has; their ids."""
    offering = [key for key, each in named.items() if each.title or each.artist or each.album]
    lacking = []
    query = sa.select(
        track.c.id, track.c.title, track.c.artist_id, track.c.album_id, artist.c.name
    ).join_from(track, artist, isouter=True)
    for start in range(0, len(offering), CHUNK):
        chosen = query.where(track.c.id.in_(offering[start : start + CHUNK]))
        lacking += [
            row for row in connection.execute(chosen) if None in (row.title, row.artist_id, row.album_id)
        ]
    updates = []
    for start in range(0, len(lacking), CHUNK):
        updates += _filled(connection, named, lacking[start : start + CHUNK])
    if updates:
        connection.execute(sa.update(track).where(track.c.id == sa.bindparam("track_key")), updates)
    return [row["track_key"] for row in updates]


def _filled(connection: Connection, named: Mapping[int, _Named], rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The columns of the tracks that change."""
    albums: dict[int, Album] = {
        row.id: (named[row.id].artist or row.name, title)
        for row in rows
        if row.album_id is None and (title := named[row.id].album)
    }
    artist_ids = ensure_artists(connection, {name for row in rows if (name := named[row.id].artist)})
    album_ids = ensure_albums(connection, set(albums.values()))
    updates = []
    for row in rows:
        said = named[row.id]
        album = albums.get(row.id)
        after = {
            "title": row.title or said.title,
            "artist_id": row.artist_id or artist_ids.get(said.artist or ""),
            "album_id": album_ids[album] if album else row.album_id,
        }
        if tuple(after.values()) != (row.title, row.artist_id, row.album_id):
            updates.append(after | {"track_key": row.id})
    return updates


def _nothing_named(connection: Connection, read: LabelFile) -> str:
    first = read.rows[0]
    roots = known_roots(connection)
    if not roots:
        return "no collection was scanned yet, so no row names a track; begin with: catalog scan FOLDER"
    none = (
        "the only row names no track"
        if len(read.rows) == 1
        else f"none of the {len(read.rows):,} rows names a track; the first"
    )
    return (
        f"{none}, line {first.line}: {first.name!r}. Paths are "
        f"relative to the file's folder or to a collection's root, such as {display_path(roots[0].path)}"
    )
