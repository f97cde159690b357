"""Import of a labels file: a statement for each track whose genres differ from the newest imported ones."""

# ruff: noqa: PTH100 - a folder's name is bytes here
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.genre_spellings import Spelling, spellings_of
from catalog.collection.labels.label_file import LabelFile, LabelFileError, LabelRow, read_label_file
from catalog.collection.naming.albums import Album, ensure_albums
from catalog.collection.naming.artists import ensure_artists
from catalog.collection.naming.paths import display_path
from catalog.collection.path_matching import find_paths
from catalog.collection.roots import collection_id_of, known_roots
from catalog.collection.statements import NewStatement, Source, changed_statements, write_statements
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.retry import retry_until_connected
from catalog.db.tables import artist, track
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import load_vocabulary

EXAMPLES = 5
UNNAMED_PERSON = "unknown"
"""`stated_by` of a person whom the file does not name."""


@dataclass
class LabelsReport:
    """The result of an import."""

    file: str
    encoding: str
    separator: str
    rows: int = 0
    tracks: int = 0
    """Tracks with a genre in the file."""
    statements: int = 0
    """Of these, tracks whose genres are new or changed."""
    filled: int = 0
    """Tracks that lacked a title, an artist or an album and got it from the file."""
    without_genre: int = 0
    """Rows with an empty genre; they state nothing."""
    from_files: int = 0
    """Rows whose source is the audio file: skipped, because a scan reads them there."""
    persons: int = 0
    """Tracks whose genres a person stated."""
    repeated: int = 0
    """Rows for a track that an earlier row had; their genres are added to the earlier ones."""
    unknown: int = 0
    """Rows that match no track, or several."""
    unknown_examples: list[tuple[int, str]] = field(default_factory=list)
    """Line and track name of the first EXAMPLES of these rows."""
    new_terms: list[Spelling] = field(default_factory=list)
    """Genres that were not in the vocabulary."""
    dry_run: bool = False


@dataclass
class _TrackLabels:
    """The rows of one track, merged."""

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
    """Imports a labels file in one transaction; a repeated import changes nothing.

    Paths are relative to the file's folder or to a collection's root; `collection_name` limits the import to one
    collection. The encoding is detected by default. Several rows of a track are merged. Artist, album and title are
    used if the track has none. If the connection to the database is lost, the import waits for it. Raises
    LabelFileError or CollectionRootError, with nothing changed, if the file cannot be read or matches no track.
    """
    label_file = read_label_file(file, columns, encoding)
    return retry_until_connected(
        lambda: _import(database, file, label_file, collection_name, dry_run=dry_run)
    )


def _import(
    database: Database, file: Path, label_file: LabelFile, collection_name: str | None, *, dry_run: bool
) -> LabelsReport:
    report = LabelsReport(
        str(file), label_file.encoding, label_file.separator, rows=len(label_file.rows), dry_run=dry_run
    )
    with database.writer.connect() as connection, connection.begin() as transaction:
        folder = os.path.abspath(os.fsencode(file.parent))
        by_track = _match(connection, label_file, folder, collection_name, report)
        if not by_track:
            raise LabelFileError(_no_match_message(connection, label_file))
        _state(connection, label_file, by_track, file.name, report)
        report.filled = _fill_missing_fields(connection, by_track)
        refresh_track_status(connection, by_track)
        if dry_run:
            transaction.rollback()
    return report


def _match(
    connection: Connection,
    label_file: LabelFile,
    folder: bytes,
    collection_name: str | None,
    report: LabelsReport,
) -> dict[int, _TrackLabels]:
    """The merged rows by track."""
    roots = known_roots(connection)
    collection_id = None if collection_name is None else collection_id_of(connection, collection_name)
    if collection_id is not None:
        roots = [root for root in roots if root.id == collection_id]
    rows = label_file.rows
    by_path = find_paths(connection, roots, folder, {row.path for row in rows if row.path})
    ids = {row.external_id for row in rows if row.external_id and row.path not in by_path}
    by_id = _find_external(connection, ids, collection_id)
    by_track: dict[int, _TrackLabels] = {}
    for row in rows:
        matches = by_path.get(row.path or "") or by_id.get(row.external_id or "") or set()
        if len(matches) != 1:
            report.unknown += 1
            if len(report.unknown_examples) < EXAMPLES:
                remark = " (several tracks match)" if matches else ""
                report.unknown_examples.append((row.line, f"{row.name}{remark}"))
            continue
        (track_id,) = matches
        report.repeated += track_id in by_track
        report.without_genre += row.genre is None
        report.from_files += row.source == "file"
        by_track.setdefault(track_id, _TrackLabels()).add(row)
    return by_track


def _find_external(
    connection: Connection, external_ids: Iterable[str], collection_id: int | None
) -> dict[str, set[int]]:
    query = sa.select(track.c.external_id, track.c.id)
    if collection_id is not None:
        query = query.where(track.c.collection_id == collection_id)
    matches: dict[str, set[int]] = {}
    for ids in chunks(sorted(external_ids)):
        for external_id, track_id in connection.execute(query.where(track.c.external_id.in_(ids))):
            matches.setdefault(str(external_id), set()).add(track_id)
    return matches


def _state(
    connection: Connection,
    label_file: LabelFile,
    by_track: Mapping[int, _TrackLabels],
    stated_by: str,
    report: LabelsReport,
) -> None:
    """Adds the changed statements: imported ones by the file, those of a person by that person."""
    by_person: dict[str | None, list[NewStatement]] = {}
    tracks_by_genre: Counter[str] = Counter()
    vocabulary = load_vocabulary(connection)
    for track_id, labels in by_track.items():
        if labels.genres:
            new = NewStatement(track_id, tuple(labels.genres), label_file.genre_column)
            by_person.setdefault(labels.person, []).append(new)
            tracks_by_genre.update(genres_in(new.texts, vocabulary))
            report.tracks += 1
    spellings = spellings_of(vocabulary, tracks_by_genre)
    report.new_terms = [spelling for spelling in spellings if not spelling.is_known]
    for person, statements in by_person.items():
        source: Source = "import" if person is None else "person"
        changed = changed_statements(connection, source, statements)
        report.statements += len(changed)
        report.persons += 0 if person is None else len(statements)
        write_statements(
            connection, source, changed, load_vocabulary(connection), stated_by=person or stated_by
        )


def _fill_missing_fields(connection: Connection, by_track: Mapping[int, _TrackLabels]) -> int:
    """Sets title, artist and album of tracks that lack them; returns the number of changed tracks."""
    usable = [
        track_id for track_id, labels in by_track.items() if labels.title or labels.artist or labels.album
    ]
    query = sa.select(
        track.c.id, track.c.title, track.c.artist_id, track.c.album_id, artist.c.name
    ).join_from(track, artist, isouter=True)
    updates: list[dict[str, Any]] = []
    for ids in chunks(usable):
        rows = connection.execute(query.where(track.c.id.in_(ids))).all()
        incomplete = [row for row in rows if None in (row.title, row.artist_id, row.album_id)]
        updates += _changed_fields(connection, by_track, incomplete)
    if updates:
        connection.execute(sa.update(track).where(track.c.id == sa.bindparam("track_key")), updates)
    return len(updates)


def _changed_fields(
    connection: Connection, by_track: Mapping[int, _TrackLabels], rows: Sequence[Any]
) -> list[dict[str, Any]]:
    """The new columns of tracks that change."""
    albums: dict[int, Album] = {
        row.id: (by_track[row.id].artist or row.name, title)
        for row in rows
        if row.album_id is None and (title := by_track[row.id].album)
    }
    artist_ids = ensure_artists(connection, {name for row in rows if (name := by_track[row.id].artist)})
    album_ids = ensure_albums(connection, set(albums.values()))
    updates = []
    for row in rows:
        labels = by_track[row.id]
        album = albums.get(row.id)
        fields = {
            "title": row.title or labels.title,
            "artist_id": row.artist_id or artist_ids.get(labels.artist or ""),
            "album_id": album_ids[album] if album else row.album_id,
        }
        if tuple(fields.values()) != (row.title, row.artist_id, row.album_id):
            updates.append(fields | {"track_key": row.id})
    return updates


def _no_match_message(connection: Connection, label_file: LabelFile) -> str:
    first = label_file.rows[0]
    roots = known_roots(connection)
    if not roots:
        return "no row matches a track, because no collection was scanned yet; run first: catalog scan FOLDER"
    subject = (
        "the only row matches no track"
        if len(label_file.rows) == 1
        else f"none of the {len(label_file.rows):,} rows matches a track; the first"
    )
    return (
        f"{subject}, line {first.line}: {first.name!r}. Paths must be relative to the file's folder or to a "
        f"collection's root, such as {display_path(roots[0].path)}"
    )
