"""The scan of a folder: brings its audio files in as tracks, and keeps the tracks true to the files."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH112, PTH116

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.collection_counts import count_collection
from catalog.collection.genre_spellings import Spelling, spellings_of
from catalog.collection.naming.albums import album_key
from catalog.collection.naming.artists import fold_artist, is_placeholder_artist
from catalog.collection.naming.paths import display_path, is_within
from catalog.collection.roots import CollectionRootError, Root, find_root, without_audio
from catalog.collection.scan.scanned_file import FileChangedWhileReadingError, ScannedFile, read_scanned_file
from catalog.collection.scan.track_upsert import UpsertResult, upsert_tracks
from catalog.collection.scan.walk import FolderWalk, FoundFile, bounded
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import collection, track
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import load_vocabulary

LOOKED_UP_AT_ONCE = 2_000
RECORDED_AT_ONCE = 500
"""Files in one transaction: enough to be fast, few enough that other writers wait for less than a second."""

Progress = Callable[[int, int | None, str], None]
"""Called with files done, files in all where that is known, and what is being done."""


@dataclass
class ScanReport:
    """What a scan found and did."""

    collection: str
    root: str
    collection_id: int | None = None
    """None after a dry run of a new collection."""
    added: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    """Tracks whose files were not found any more by this scan."""
    back: int = 0
    unchanged: int = 0
    outside: int = 0
    """Of the files, those that links lead to outside of the root: they are analyzed, but neither played by the review
    nor written to."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Files that are no audio, by suffix."""
    warnings: list[str] = field(default_factory=list)
    """One line each; the first thousand."""
    warned: int = 0
    """How many there were."""
    unread: int = 0
    """Files and folders that could not be read, or changed while they were."""
    artists: int = 0
    """In the whole collection, nobodies excepted; in a dry run, those of the files that were opened."""
    albums: int = 0
    spellings: list[Spelling] = field(default_factory=list)
    """Ways to write a genre, as `artists` for the whole collection or for the files that were opened."""
    dry_run: bool = False

    @property
    def files(self) -> int:
        """Audio files that were found and are tracks."""
        return self.added + self.changed + self.moved + self.back + self.unchanged

    @property
    def known_spellings(self) -> int:
        """How many of the spellings the vocabulary had."""
        return sum(each.is_known for each in self.spellings)

    @property
    def new_terms(self) -> list[Spelling]:
        """The spellings that are terms only because files brought them, those of most tracks first."""
        return [each for each in self.spellings if not each.is_known]


def scan(
    database: Database,
    root: Path | str | bytes,
    *,
    name: str | None = None,
    on_progress: Progress | None = None,
    dry_run: bool = False,
) -> ScanReport:
    """Brings a folder, or one file, into the catalog; a second time only what has changed is opened.

    A path inside a known collection is scanned for that collection, and nothing outside the path becomes missing. For
    a single file outside, its folder is the collection, of which only that file is brought in. Killed in the middle,
    it can be run again to the same end; a database that goes away in the middle is waited for. Files are only read.

    Raises CollectionRootError, with nothing changed, where there is no such path, where it holds no audio (of a known
    collection, too: a disk that is not mounted must not empty the catalog), and where it lies around a collection.
    """

    def find_place() -> Root:
        with database.read() as connection:
            return find_root(connection, os.fsencode(root), name)

    place = retry_until_connected(find_place)
    run = _Run(database, place, on_progress or _silent, dry_run)
    try:
        run.go()
    except OSError as error:
        raise CollectionRootError(
            f"{display_path(place.beginning)} cannot be read: {error.strerror}"
        ) from error
    return run.report


class _Run:
    """One scan in progress."""

    def __init__(self, database: Database, place: Root, on_progress: Progress, dry_run: bool) -> None:
        self.database = database
        self.place = place
        self.on_progress = on_progress
        self.report = ScanReport(place.name, display_path(place.path), place.collection_id, dry_run=dry_run)
        self.walk = FolderWalk(place.path, place.start)
        self.started = now()
        self.seen: set[int] = set()
        self.back: list[int] = []
        self.arrivals: list[ScannedFile] = []
        self.done = 0
        self.written: Counter[str] = Counter()
        self.artists: set[str] = set()
        self.albums: set[str] = set()

    def go(self) -> None:
        files = iter(self._files())
        while chunk := list(islice(files, LOOKED_UP_AT_ONCE)):
            for found in self._not_as_known(chunk):
                self._open(found)
                self._progress(1, "reading tags")
                if len(self.arrivals) >= RECORDED_AT_ONCE:
                    self._record()
            self._record()
        if self.done == 0:
            raise self._nothing_found()
        self._finish()

    def _files(self) -> Iterable[FoundFile]:
        if os.path.isdir(self.place.beginning):
            return self.walk
        there = os.stat(self.place.beginning)
        return [FoundFile(self.place.start, there.st_size, bounded(there.st_mtime_ns))]

    def _not_as_known(self, chunk: list[FoundFile]) -> list[FoundFile]:
        """The files that have to be opened; the others are seen."""
        known = retry_until_connected(partial(self._known, [each.path for each in chunk]))
        fresh = []
        for each in chunk:
            row = known.get(each.path)
            if row is not None:
                self.seen.add(row.id)
            if row is None or (row.size, row.mtime_ns) != (each.size, each.mtime_ns):
                fresh.append(each)
            elif row.state == "present":
                self.report.unchanged += 1
            else:
                self.back.append(row.id)
        self._progress(len(chunk) - len(fresh), "comparing")
        return fresh

    def _known(self, paths: list[bytes]) -> dict[bytes, Row[int, bytes | None, int | None, int | None, str]]:
        """What the collection has of these files, by path."""
        columns = track.c
        query = sa.select(
            columns.id, columns.path_bytes, columns.size, columns.mtime_ns, columns.state
        ).where(columns.collection_id == self.report.collection_id, columns.path_bytes.in_(paths))
        with self.database.read() as connection:
            return {row.path_bytes: row for row in connection.execute(query)}

    def _open(self, found: FoundFile) -> None:
        try:
            arrival = read_scanned_file(self.place.path, found.path)
        except FileNotFoundError:
            return
        except (OSError, FileChangedWhileReadingError) as error:
            reason = (
                str(error)
                if isinstance(error, FileChangedWhileReadingError)
                else f"cannot be read: {error.strerror}"
            )
            self.walk.warn(found.path, reason)
            self.report.unread += 1
            return
        if arrival.tags.warning is not None:
            self.walk.warn(found.path, arrival.tags.warning)
        self.arrivals.append(arrival)

    def _record(self) -> None:
        """Takes down what was read so far."""
        if not self.arrivals and not self.back:
            return
        collection_id, recorded = retry_until_connected(self._write)
        self.seen |= recorded.seen
        self.report.added += recorded.added
        self.report.changed += recorded.changed
        self.report.moved += recorded.moved
        self.report.unchanged += recorded.unchanged
        self.report.back += recorded.back + len(self.back)
        if self.report.dry_run:
            self._remember(self.arrivals)
        else:
            self.report.collection_id = collection_id
        self.arrivals = []
        self.back = []

    def _write(self) -> tuple[int, UpsertResult]:
        """Writes it in one transaction; gives the collection's id too."""
        with self._transaction() as connection:
            collection_id = self._collection(connection)
            recorded = upsert_tracks(connection, collection_id, self.place.path, self.arrivals)
            if self.back:
                update = sa.update(track).where(track.c.id.in_(self.back))
                connection.execute(update.values(state="present", seen_at=now()))
        return collection_id, recorded

    def _collection(self, connection: Connection) -> int:
        """The collection's id; made where it is new. Its row is locked: one scan of it writes at a time."""
        connection.execute(
            sa.text(
                "INSERT INTO collection (name, kind, root, root_bytes, tags_complete, added_at)"
                " VALUES (:name, 'folder', :root, :root_bytes, :tags_complete, :added_at)"
                " ON CONFLICT DO NOTHING"
            ).bindparams(sa.bindparam("added_at", type_=collection.c.added_at.type)),
            {
                "name": self.place.name,
                "root": display_path(self.place.path),
                "root_bytes": self.place.path,
                "tags_complete": False,
                "added_at": now(),
            },
        )
        query = sa.select(collection.c.id).where(collection.c.root_bytes == self.place.path)
        key = connection.execute(query.with_for_update()).scalar_one_or_none()
        if key is None:
            raise CollectionRootError(
                f"another scan has just called its collection {self.place.name!r}; run this one again"
            )
        return int(key)

    def _nothing_found(self) -> CollectionRootError:
        """Why an empty folder changes nothing."""
        with self.database.read() as connection:
            tracks = len(list(self._present(connection)))
        beginning = display_path(self.place.beginning)
        if not tracks:
            return without_audio(self.place.beginning)
        return CollectionRootError(
            f"no audio in {beginning}, where {tracks:,} tracks were: nothing was changed. If a disk is not mounted, "
            f"mount it; if they are gone for good: catalog collections remove {self.place.name!r}"
        )

    def _present(self, connection: Connection) -> Iterator[tuple[int, bytes]]:
        """Ids and paths of the tracks that should be where this scan looks, but for what others have just added."""
        start = self.place.start
        query = sa.select(track.c.id, track.c.path_bytes).where(
            track.c.collection_id == self.report.collection_id,
            track.c.state == "present",
            track.c.seen_at < self.started,
        )
        if start:
            # "0" follows "/": all that begins with the folder's name and a slash.
            inside = (track.c.path_bytes > start + b"/") & (track.c.path_bytes < start + b"0")
            query = query.where((track.c.path_bytes == start) | inside)
        rows = connection.execute(query.execution_options(yield_per=LOOKED_UP_AT_ONCE))
        yield from rows

    def _finish(self) -> None:
        if self.report.collection_id is not None:
            self.report.missing = retry_until_connected(self._settle)
        self.report.outside = self.walk.outside
        self.report.skipped = dict(self.walk.skipped.most_common())
        self.report.warnings = self.walk.warnings
        self.report.warned = self.walk.warned
        self.report.unread += len(self.walk.unread)
        retry_until_connected(self._sum_up)

    def _settle(self) -> int:
        """Marks what was not found; gives how many that are."""
        with self._transaction() as connection:
            self._collection(connection)
            lost = [
                key
                for key, path in self._present(connection)
                if key not in self.seen and not any(is_within(path, folder) for folder in self.walk.unread)
            ]
            self._mark_missing(connection, lost)
            if self.place.whole:
                finished = sa.update(collection).where(collection.c.id == self.report.collection_id)
                connection.execute(finished.values(scanned_at=now()))
        return len(lost)

    def _mark_missing(self, connection: Connection, lost: list[int]) -> None:
        """A present track was found by the last whole scan, whether or not that had a reason to write its row."""
        scanned = (
            sa.select(collection.c.scanned_at)
            .where(collection.c.id == track.c.collection_id)
            .scalar_subquery()
        )
        seen = sa.case((scanned > track.c.seen_at, scanned), else_=track.c.seen_at)
        for start in range(0, len(lost), LOOKED_UP_AT_ONCE):
            update = sa.update(track).where(track.c.id.in_(lost[start : start + LOOKED_UP_AT_ONCE]))
            connection.execute(update.values(state="missing", seen_at=seen))

    def _sum_up(self) -> None:
        with self.database.read() as connection:
            if self.report.dry_run:
                self.report.artists = len(self.artists)
                self.report.albums = len(self.albums)
                self.report.spellings = spellings_of(load_vocabulary(connection), self.written)
                return
            assert self.report.collection_id is not None, "only a dry run leaves a collection without a row"
            totals = count_collection(connection, self.report.collection_id)
        self.report.artists, self.report.albums = totals.artists, totals.albums
        self.report.spellings = list(totals.spellings)

    def _remember(self, arrivals: Iterable[ScannedFile]) -> None:
        """What a dry run will not find in the database."""
        for each in arrivals:
            tags = each.tags
            self.written.update(genres_in(tags.genres) or [text for text in tags.genres if text])
            who = tags.artist or tags.album_artist
            if who and not is_placeholder_artist(who):
                self.artists.add(fold_artist(who))
            if tags.album:
                self.albums.add(album_key(tags.album_artist or tags.artist, tags.album))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.database.writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if self.report.dry_run:
                transaction.rollback()

    def _progress(self, files: int, remark: str) -> None:
        self.done += files
        self.on_progress(self.done, None, remark)


def _silent(_done: int, _total: int | None, _remark: str) -> None:
    """No progress is shown."""
