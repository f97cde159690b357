"""The import of the Free Music Archive's metadata: tracks, genres and vectors of its official CSV files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.fma.fma_audio import AudioRoot, find_links
from catalog.collection.fma.fma_genres import FmaGenres, load_fma_genres, read_fma_genres
from catalog.collection.fma.fma_tracks import FmaTrack, read_columns, read_tracks
from catalog.collection.fma.fma_upsert import FmaUpsertResult, upsert_fma_tracks
from catalog.collection.naming.paths import display_path
from catalog.collection.roots import CollectionRootError, find_root
from catalog.csvio.csv_source import CsvBundle, CsvSourceError, ImportIssues, rows
from catalog.csvio.id_set import IdSet
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import collection, track
from catalog.db.upsert import insert_into
from catalog.features.bulk_write import Rows, VectorsReport, imported_feature_set, store_vectors_bulk
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vector_csv import Header, read_header, read_vectors

NAME = "FMA"
TRACKS_AT_ONCE = 2_000
VECTORS_AT_ONCE = 1_000
"""Rows in one transaction: enough to be fast, few enough that memory is small and others wait for less than a second."""

Progress = Callable[[int, int | None, str], None]


STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
FAMILIES = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
FMA_518 = tuple(
    f"{family}.{statistic}.{number:02d}"
    for family, size in FAMILIES.items()
    for statistic in STATISTICS
    for number in range(1, size + 1)
)
"""The dimensions of the official `features.csv`, as `features.py` of the archive names them."""
ECHONEST = tuple(
    f"echonest.{kind}.{name}"
    for kind, names in {
        "audio_features": (
            *("acousticness", "danceability", "energy", "instrumentalness"),
            *("liveness", "speechiness", "tempo", "valence"),
        ),
        "social_features": (
            *("artist_discovery", "artist_familiarity", "artist_hotttnesss"),
            *("song_currency", "song_hotttnesss"),
        ),
        "temporal_features": tuple(f"{number:03d}" for number in range(224)),
    }.items()
    for name in names
)
"""The dimensions of the official `echonest.csv`: its 249 columns less 7 of names and places and 5 of ranks."""


@dataclass(frozen=True, slots=True)
class VectorTable:
    """A file of vectors that comes with the archive."""

    file: str
    feature_set: str
    dimensions: tuple[str, ...]
    """Those that it must have, in any order; the vectors have them in this one."""
    omit: frozenset[str] = frozenset()
    """Beginnings of the names of columns that are no features."""


VECTOR_TABLES = (
    VectorTable("features.csv", "fma-518", FMA_518),
    # Names, places and ranks, most of them empty.
    VectorTable("echonest.csv", "echonest", ECHONEST, frozenset({"echonest.metadata.", "echonest.ranks."})),
)


@dataclass
class FmaReport:
    """What an import found and did."""

    place: str
    collection: str
    subset: str
    tracks: int = 0
    recorded: FmaUpsertResult = field(default_factory=FmaUpsertResult)
    vectors: list[VectorsReport] = field(default_factory=list)
    skipped: int = 0
    """Rows, or parts of rows, that were left out."""
    problems: list[str] = field(default_factory=list)
    """File, line and reason of the first thousand."""
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
    """Imports a folder or zip of the official files, or a `tracks.csv` by itself; the other files are optional.

    A second time nothing changes; killed in the middle, it can be run again to the same end, because every
    transaction holds whole tracks. With `audio` the tracks whose file is there are present, all others stay metadata.
    Where the database goes away in the middle the import is begun again as soon as it is back: what was in by then
    counts as unchanged.

    Raises CsvSourceError or CollectionRootError, with nothing changed, for files whose header is wrong.
    """
    source = CsvBundle(place, "tracks.csv")
    headers = _look(source)

    def imported() -> FmaReport:
        with database.writer.connect() as connection:
            run = _Run(connection, source, headers, dry_run, on_progress or _silent)
            run.report = FmaReport(str(place), name or NAME, subset, dry_run=dry_run)
            outer = connection.begin() if dry_run else None
            try:
                run.go(subset, None if audio is None else os.fsencode(audio), name)
            finally:
                if outer is not None:
                    outer.rollback()
        return run.report

    return retry_until_connected(imported)


def require_usable(place: Path, audio: Path | None = None) -> None:
    """Looks at the headers of all files and at the folder of the audio; no catalog is needed for that.

    Raises CsvSourceError or CollectionRootError for what `import_fma` would refuse.
    """
    _look(CsvBundle(place, "tracks.csv"))
    if audio is not None:
        _require_folder(os.fsencode(audio))


def _require_folder(audio: bytes) -> None:
    if not os.path.isdir(audio):  # noqa: PTH112 - a name is bytes here
        raise CollectionRootError(f"{display_path(audio)} is no folder")


def _look(source: CsvBundle) -> dict[str, Header]:
    """Reads every header before anything is written."""
    if not source.has("tracks.csv"):
        raise CsvSourceError(f"{source.place} holds no tracks.csv")
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
        _require_dimensions(table, table.file, header)
        headers[table.file] = header
    return headers


def require_dimensions_of(name: str, file: str, header: Header) -> None:
    """Raises CsvSourceError where the name is one of the archive's feature sets and the file holds other numbers."""
    for table in VECTOR_TABLES:
        if table.feature_set == name:
            _require_dimensions(table, file, header)


def _require_dimensions(table: VectorTable, file: str, header: Header) -> None:
    """Raises CsvSourceError where a file holds other numbers than those that the name of its feature set promises."""
    found, wanted = len(header.dimensions), len(table.dimensions)
    if found != wanted:
        said = f" has {found} columns of numbers instead of {wanted}"
    elif strange := sorted(set(header.dimensions).difference(table.dimensions)):
        said = f", lines 1 to 3: {strange[0]} is none of the {wanted} columns of {table.feature_set}"
    else:
        return
    raise CsvSourceError(
        f"{file}{said}; other vectors come in with: catalog features import {file} --name NAME"
    )


class _Run:
    """One import in progress."""

    report: FmaReport

    def __init__(
        self,
        connection: Connection,
        source: CsvBundle,
        headers: dict[str, Header],
        dry_run: bool,
        on_progress: Progress,
    ) -> None:
        self.connection = connection
        self.source = source
        self.headers = headers
        self.dry_run = dry_run
        self.on_progress = on_progress
        self.problems = ImportIssues()
        self.collection_id = 0

    def go(self, subset: str, audio: bytes | None, name: str | None) -> None:
        titles: dict[int, str] = {}
        if self.source.has("genres.csv"):
            with self.source.open("genres.csv") as lines:
                titles = read_fma_genres(lines, self.problems)
        with self._transaction():
            place = self._begin(audio, name)
            genres = load_fma_genres(self.connection, titles)
            # Before the first track is written: a name may stand for other vectors.
            recipes = {
                table: imported_feature_set(self.connection, table.feature_set, table.dimensions)
                for table in VECTOR_TABLES
                if table.file in self.headers
            }
        try:
            self._tracks(subset, place, genres)
            for table, recipe in recipes.items():
                self._vectors(table, recipe)
        finally:
            self.report.skipped = self.problems.count
            self.report.problems = self.problems.examples

    def _begin(self, audio: bytes | None, name: str | None) -> AudioRoot | None:
        """Finds or makes the collection, and says where its files are."""
        place, root = None, None
        if audio is not None:
            _require_folder(audio)
            found = find_root(self.connection, audio)
            place, root = AudioRoot(found.path, found.start), found.path
            if found.collection_id is not None:
                if name not in (None, found.name):
                    raise CollectionRootError(
                        f"{display_path(audio)} is in the collection {found.name!r} already; leave out the name"
                    )
                self.collection_id, self.report.collection = found.collection_id, found.name
                return place
        self.collection_id = self._collection(self.report.collection, root)
        return place

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

    def _tracks(self, subset: str, place: AudioRoot | None, genres: FmaGenres) -> None:
        with self.source.open("tracks.csv") as lines:
            tracks = read_tracks(lines, self.problems, subset)
            while chunk := list(islice(tracks, TRACKS_AT_ONCE)):
                links = find_links(place, [each.id for each in chunk]) if place else {}
                with self._transaction():
                    self._lock()
                    self._count(upsert_fma_tracks(self.connection, self.collection_id, chunk, links, genres))
                self._name_unknown(lines.name, chunk, genres)
                self.report.tracks += len(chunk)
                self.on_progress(self.report.tracks, None, "tracks")

    def _count(self, done: FmaUpsertResult) -> None:
        for each in fields(FmaUpsertResult):
            before = getattr(self.report.recorded, each.name)
            setattr(self.report.recorded, each.name, before + getattr(done, each.name))

    def _name_unknown(self, file: str, chunk: list[FmaTrack], genres: FmaGenres) -> None:
        for each in chunk:
            it = genres.statement(each)
            for genre in it.unknown if it is not None else ():
                self.problems.add(
                    file, each.line, f"{genre} does not exist; track {each.id} came in without it"
                )

    def _vectors(self, table: VectorTable, recipe: StoredFeatureSet) -> None:
        report = VectorsReport(table.file, table.feature_set, len(table.dimensions))
        self.report.vectors.append(report)
        seen = IdSet()
        with self.source.open(table.file) as lines:
            header = read_header(lines, omit=table.omit)
            places = [header.dimensions.index(name) for name in table.dimensions]
            order = None if places == sorted(places) else places
            blank = self.problems.blank
            done = 0
            for batch in read_vectors(lines, header, self.problems, VECTORS_AT_ONCE):
                whole = (
                    batch if order is None else [(line, key, vector[order]) for line, key, vector in batch]
                )
                with self._transaction():
                    self._lock()
                    self._write(recipe, whole, seen, report)
                done += len(batch)
                self.on_progress(done, None, table.feature_set)
            report.blank = self.problems.blank - blank

    def _write(self, recipe: StoredFeatureSet, batch: Rows, seen: IdSet, report: VectorsReport) -> None:
        query = sa.select(track.c.external_id, track.c.id).where(
            track.c.collection_id == self.collection_id, track.c.external_id.in_([key for _, key, _ in batch])
        )
        ids: dict[str, int] = dict(self.connection.execute(query).all())
        store_vectors_bulk(self.connection, recipe, batch, ids, seen, report, self.problems)

    def _lock(self) -> None:
        """One import of a collection, or scan of it, writes at a time."""
        query = sa.select(collection.c.id).where(collection.c.id == self.collection_id)
        if self.connection.execute(query.with_for_update()).first() is None:
            raise CollectionRootError(f"the collection {self.report.collection!r} has just been removed")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction of its own; in a dry run a part of the one that is rolled back."""
        with self.connection.begin_nested() if self.dry_run else self.connection.begin():
            yield


def _silent(_done: int, _total: int | None, _remark: str) -> None:
    """No progress is shown."""
