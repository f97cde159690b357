"""Import of a labels file: a statement for each track whose genres differ from the newest imported ones."""

# ruff: noqa: PTH100 - a folder's name is bytes here
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.genre_spellings import Spelling, spellings_of
from catalog.collection.labels.label_file import LabelFile, LabelFileError, LabelRow, read_label_file
from catalog.collection.labels.new_tracks import create_tracks, data_set_name, ensure_data_set
from catalog.collection.labels.row_matching import match_rows
from catalog.collection.name_matching import EVIDENCE, NameMatcher
from catalog.collection.naming.albums import Album, ensure_albums
from catalog.collection.naming.artists import ensure_artists
from catalog.collection.statements import NewStatement, Source, changed_statements, write_statements
from catalog.csvio.file_format import source_name
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
    created: int = 0
    """Tracks without audio that were added."""
    by_suffix: int = 0
    """Rows that only the end of their path matched."""
    too_long: tuple[int, ...] = ()
    """Lines of rows with more cells than the header, which were skipped."""
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
        if is_relevant:
            self.genres += [genre for genre in row.genres if genre not in self.genres]
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
    moved_roots: Mapping[str, str] | None = None,
    create: bool = False,
    dry_run: bool = False,
    on_warning: Callable[[str], None] | None = None,
) -> LabelsReport:
    """Imports a labels file in one transaction; a repeated import changes nothing. `-` is the standard input.

    Paths are relative to the file's folder or to a collection's root; `moved_roots` maps folders that the file names to
    those on this machine. `collection_name` limits the import to one collection. With `create`, rows that match no
    track of that collection (by default one named like the file) become tracks without audio. The encoding is detected
    by default. Several rows of a track are merged. Artist, album and title are used if the track has none. If the
    connection to the database is lost, the import waits for it. `on_warning` gets a sentence if none of the first
    EVIDENCE rows matches. Raises CsvSourceError or CollectionRootError, with nothing changed, if the file cannot be
    read or matches no track.
    """
    label_file = read_label_file(file, columns, encoding)
    if create and collection_name is None:
        collection_name = data_set_name(file)
    options = _Options(file, collection_name, moved_roots or {}, create, dry_run, on_warning)
    return retry_until_connected(lambda: _import(database, label_file, options))


@dataclass(frozen=True)
class _Options:
    """The options of an import."""

    file: Path
    collection_name: str | None
    moved_roots: Mapping[str, str]
    create: bool
    dry_run: bool
    on_warning: Callable[[str], None] | None


def _import(database: Database, label_file: LabelFile, options: _Options) -> LabelsReport:
    report = LabelsReport(
        source_name(options.file),
        label_file.encoding,
        label_file.separator,
        rows=len(label_file.rows),
        too_long=label_file.too_long,
        dry_run=options.dry_run,
    )
    with database.writer.connect() as connection, connection.begin() as transaction:
        if options.create and options.collection_name is not None:
            ensure_data_set(connection, options.collection_name)
        by_track = _match(connection, label_file.rows, options, report)
        _state(connection, label_file, by_track, Path(report.file).name, report)
        report.filled = _fill_missing_fields(connection, by_track)
        refresh_track_status(connection, by_track)
        if options.dry_run:
            transaction.rollback()
    return report


def _match(
    connection: Connection, rows: Sequence[LabelRow], options: _Options, report: LabelsReport
) -> dict[int, _TrackLabels]:
    """The merged rows by track. Raises LabelFileError if no row matches."""
    folder = os.path.abspath(os.fsencode(options.file.parent))
    matcher = NameMatcher(connection, folder, options.collection_name, options.moved_roots)
    _warn_early(matcher, rows, options)
    matches = match_rows(matcher, rows)
    if options.create:
        report.created = create_tracks(connection, matcher, rows, matches)
    report.by_suffix = sum(row.path in matcher.by_suffix for row in rows)
    by_track: dict[int, _TrackLabels] = {}
    for row, ids in zip(rows, matches, strict=True):
        if len(ids) != 1:
            report.unknown += 1
            if len(report.unknown_examples) < EXAMPLES:
                remark = " (several tracks match)" if ids else ""
                report.unknown_examples.append((row.line, f"{row.name}{remark}"))
            continue
        (track_id,) = ids
        report.repeated += track_id in by_track
        report.without_genre += not row.genres
        report.from_files += row.source == "file"
        by_track.setdefault(track_id, _TrackLabels()).add(row)
    if not by_track:
        raise LabelFileError(_no_match_message(matcher, rows, len(rows)))
    return by_track


def _warn_early(matcher: NameMatcher, rows: Sequence[LabelRow], options: _Options) -> None:
    """Reports why none of the first rows matches, before the others are tried."""
    first = rows[:EVIDENCE]
    if options.on_warning is None or options.create or len(rows) <= EVIDENCE:
        return
    if not any(match_rows(matcher, first)):
        options.on_warning(f"{_no_match_message(matcher, first, len(first))}. The other rows are tried")


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


def _no_match_message(matcher: NameMatcher, rows: Sequence[LabelRow], number: int) -> str:
    if not matcher.roots and not matcher.has_tracks():
        return (
            "no row matches a track, because no collection was scanned yet; run first: catalog scan FOLDER. "
            "For tracks without audio: catalog labels import --create"
        )
    subject = (
        "the only row matches no track"
        if number == 1
        else f"none of the {'first ' * (number == EVIDENCE)}{number:,} rows matches a track; the first"
    )
    return (
        f"{subject}, line {rows[0].line}: {rows[0].name!r}; {matcher.describe_catalog()}. Paths must be relative to "
        "the file's folder or to a collection's root. For a list of another machine: --root OLD=NEW. For tracks "
        "without audio: --create"
    )
