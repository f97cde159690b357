"""Import of the Free Music Archive: tracks, genres and vectors from its official CSV files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import batches
from catalog.collection.fma.fma_audio import AudioRoot, find_linked_files
from catalog.collection.fma.fma_genres import FmaGenres, load_fma_genres, read_fma_genres
from catalog.collection.fma.fma_tracks import FmaTrack, read_columns, read_tracks
from catalog.collection.fma.fma_upsert import FmaUpsertResult, upsert_fma_tracks
from catalog.collection.fma.fma_vectors import VECTOR_TABLES, VectorTable, require_dimensions
from catalog.collection.naming.paths import display_path
from catalog.collection.roots import CollectionRootError, find_root
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import CsvBundle, ImportIssues, rows
from catalog.csvio.id_bitmap import IdBitmap
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import collection, track
from catalog.db.upsert import insert_into
from catalog.features.bulk_write import VectorsReport, imported_feature_set, store_vectors_bulk
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vector_csv import Header, read_header, read_vectors

NAME = "FMA"
TRACKS_PER_TRANSACTION = 2_000
VECTORS_PER_TRANSACTION = 1_000
"""Enough to be fast, few enough that memory is small and other writers wait for less than a second."""

Progress = Callable[[int, int | None, str], None]


@dataclass
class FmaReport:
    """The result of an import."""

    place: str
    collection: str
    subset: str
    tracks: int = 0
    recorded: FmaUpsertResult = field(default_factory=FmaUpsertResult)
    vectors: list[VectorsReport] = field(default_factory=list)
    skipped: int = 0
    """Rows, or parts of rows, that were skipped."""
    problems: list[str] = field(default_factory=list)
    """File, line and reason of the first thousand skipped rows."""
    dry_run: bool = False


def import_fma(
    database: Database,
    place: Path,
    *,
    subset: str = "full",
    audio: Path | None = None,
    name: str | None = None,
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> FmaReport:
    """Imports a folder or zip of the official files, or a single `tracks.csv`; the other files are optional.

    A repeated import changes nothing, and an interrupted one can be repeated, because every transaction holds whole
    tracks. With `audio` the tracks whose file exists are present; all others stay metadata. If the connection to the
    database is lost, the import starts again when it is back, and tracks that were imported before count as unchanged.

    Raises CsvSourceError or CollectionRootError, with nothing changed, if the header of a file is invalid.
    """
    source = CsvBundle(place, "tracks.csv")
    headers = _read_headers(source)

    def run() -> FmaReport:
        with database.writer.connect() as connection:
            report = FmaReport(str(place), name or NAME, subset, dry_run=dry_run)
            fma_import = _FmaImport(
                connection, source, headers, report, on_progress or (lambda _done, _total, _step: None)
            )
            outer = connection.begin() if dry_run else None
            try:
                fma_import.run(None if audio is None else os.fsencode(audio), name)
            finally:
                if outer is not None:
                    outer.rollback()
        return report

    return retry_until_connected(run)


def require_usable(place: Path, audio: Path | None = None) -> None:
    """Checks the headers of all files and the audio folder, without a catalog.

    Raises CsvSourceError or CollectionRootError as `import_fma` does.
    """
    _read_headers(CsvBundle(place, "tracks.csv"))
    if audio is not None:
        _require_folder(os.fsencode(audio))


def _require_folder(audio: bytes) -> None:
    if not os.path.isdir(audio):  # noqa: PTH112 - a name is bytes here
        raise CollectionRootError(f"{display_path(audio)} is not a folder")


def _read_headers(source: CsvBundle) -> dict[str, Header]:
    """Checks the header of every file and returns those of the vector files."""
    if not source.has("tracks.csv"):
        raise CsvSourceError(f"{source.place} contains no tracks.csv")
    with source.open("tracks.csv") as lines:
        read_columns(rows(lines), lines.name)
    if source.has("genres.csv"):
        with source.open("genres.csv") as lines:
            read_fma_genres(lines, ImportIssues())
    headers = {}
    for table in VECTOR_TABLES:
        if not source.has(table.file):
            continue
        with source.open(table.file) as lines:
            header = read_header(lines, omit=table.omit)
        require_dimensions(table, table.file, header)
        headers[table.file] = header
    return headers


class _FmaImport:
    """An import in progress."""

    def __init__(
        self,
        connection: Connection,
        source: CsvBundle,
        headers: dict[str, Header],
        report: FmaReport,
        on_progress: Progress,
    ) -> None:
        self.connection = connection
        self.source = source
        self.headers = headers
        self.report = report
        self.on_progress = on_progress
        self.problems = ImportIssues()
        self.collection_id = 0

    def run(self, audio: bytes | None, name: str | None) -> None:
        titles: dict[int, str] = {}
        if self.source.has("genres.csv"):
            with self.source.open("genres.csv") as lines:
                titles = read_fma_genres(lines, self.problems)
        with self._transaction():
            audio_root = self._find_collection(audio, name)
            genres = load_fma_genres(self.connection, titles)
            # Before the first track is written, because a name may belong to other vectors.
            feature_sets = {
                table: imported_feature_set(self.connection, table.feature_set, table.dimensions)
                for table in VECTOR_TABLES
                if table.file in self.headers
            }
        try:
            self._import_tracks(audio_root, genres)
            for table, feature_set in feature_sets.items():
                self._import_vectors(table, feature_set)
        finally:
            self.report.skipped = self.problems.count
            self.report.problems = self.problems.examples

    def _find_collection(self, audio: bytes | None, name: str | None) -> AudioRoot | None:
        """Finds or inserts the collection, and returns the place of its files."""
        audio_root, root = None, None
        if audio is not None:
            _require_folder(audio)
            found = find_root(self.connection, audio)
            audio_root, root = AudioRoot(found.path, found.start), found.path
            if found.collection_id is not None:
                if name not in (None, found.name):
                    raise CollectionRootError(
                        f"{display_path(audio)} is in the collection {found.name!r} already; leave out the name"
                    )
                self.collection_id, self.report.collection = found.collection_id, found.name
                return audio_root
        self.collection_id = self._collection(self.report.collection, root)
        return audio_root

    def _collection(self, name: str, root: bytes | None) -> int:
        columns = collection.c
        new = {"name": name, "kind": "data_set", "tags_complete": False, "added_at": now()}
        self.connection.execute(
            insert_into(self.connection, collection).values(**new).on_conflict_do_nothing()
        )
        row = self.connection.execute(sa.select(collection).where(columns.name == name)).one()
        if row.kind != "data_set":
            raise CollectionRootError(f"the collection {name!r} is a folder; choose another with --name")
        if root is not None and row.root_bytes is not None:
            raise CollectionRootError(
                f"the files of {name!r} are in {row.root}; if they have moved: catalog collections move {name!r} "
                f"{display_path(root)!r}"
            )
        if root is not None:
            update = sa.update(collection).where(columns.id == row.id)
            self.connection.execute(update.values(root=display_path(root), root_bytes=root))
        return int(row.id)

    def _import_tracks(self, audio_root: AudioRoot | None, genres: FmaGenres) -> None:
        with self.source.open("tracks.csv") as lines:
            all_tracks = read_tracks(lines, self.problems, self.report.subset)
            for tracks in batches(all_tracks, TRACKS_PER_TRANSACTION):
                files = find_linked_files(audio_root, [fma.id for fma in tracks]) if audio_root else {}
                with self._transaction():
                    self._lock()
                    result = upsert_fma_tracks(self.connection, self.collection_id, tracks, files, genres)
                for count in fields(FmaUpsertResult):
                    total = getattr(self.report.recorded, count.name) + getattr(result, count.name)
                    setattr(self.report.recorded, count.name, total)
                self._report_unknown_genres(lines.name, tracks, genres)
                self.report.tracks += len(tracks)
                self.on_progress(self.report.tracks, None, "tracks")

    def _report_unknown_genres(self, file: str, tracks: list[FmaTrack], genres: FmaGenres) -> None:
        for fma in tracks:
            new = genres.statement(fma)
            for genre in new.unknown if new is not None else ():
                reason = f"{genre} does not exist; track {fma.id} was imported without it"
                self.problems.add(file, fma.line, reason)

    def _import_vectors(self, table: VectorTable, feature_set: StoredFeatureSet) -> None:
        report = VectorsReport(table.file, table.feature_set, len(table.dimensions))
        self.report.vectors.append(report)
        seen = IdBitmap()
        with self.source.open(table.file) as lines:
            header = read_header(lines, omit=table.omit)
            positions = [header.dimensions.index(name) for name in table.dimensions]
            is_in_order = positions == sorted(positions)
            blank = self.problems.blank
            done = 0
            for batch in read_vectors(lines, header, self.problems, VECTORS_PER_TRANSACTION):
                vectors = (
                    batch if is_in_order else [(line, key, vector[positions]) for line, key, vector in batch]
                )
                with self._transaction():
                    self._lock()
                    ids = self._ids([key for _, key, _ in batch])
                    store_vectors_bulk(
                        self.connection, feature_set, vectors, ids, seen, report, self.problems
                    )
                done += len(batch)
                self.on_progress(done, None, table.feature_set)
            report.blank = self.problems.blank - blank

    def _ids(self, external_ids: list[str]) -> dict[str, int]:
        query = sa.select(track.c.external_id, track.c.id).where(
            track.c.collection_id == self.collection_id, track.c.external_id.in_(external_ids)
        )
        return dict(self.connection.execute(query).all())

    def _lock(self) -> None:
        """Locks the collection, so that one import or scan of it writes at a time."""
        query = sa.select(collection.c.id).where(collection.c.id == self.collection_id)
        if self.connection.execute(query.with_for_update()).first() is None:
            raise CollectionRootError(f"the collection {self.report.collection!r} has just been removed")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction; in a dry run a savepoint in the transaction that is rolled back."""
        with self.connection.begin_nested() if self.report.dry_run else self.connection.begin():
            yield
