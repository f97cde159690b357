"""The scan of a folder: adds its audio files as tracks and updates the tracks of changed, moved and missing files."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH112, PTH116

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import batches, chunks
from catalog.collection.collection_contents import count_collection
from catalog.collection.genre_spellings import spellings_of
from catalog.collection.lost_tracks import recover_lost_tracks
from catalog.collection.naming.albums import album_key
from catalog.collection.naming.artists import fold_artist, is_placeholder_artist
from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import display_path
from catalog.collection.renamed_roots import find_scan_root
from catalog.collection.roots import CollectionRootError, Root, without_audio
from catalog.collection.scan.cue_sheet import CueSheets
from catalog.collection.scan.file_changes import has_changed, has_stable_inodes, tracks_at
from catalog.collection.scan.scan_report import ScanReport
from catalog.collection.scan.scanned_file import FileChangedWhileReadingError, ScannedFile, read_scanned_file
from catalog.collection.scan.track_upsert import UpsertResult, upsert_tracks
from catalog.collection.scan.walk import FolderWalk, FoundFile
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import collection, track
from catalog.db.track_query import HAS_FILE
from catalog.db.upsert import insert_into
from catalog.genres.vocabulary import genres_in
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.text import pluralize

FILES_PER_LOOKUP = 2_000
FILES_PER_TRANSACTION = 500
"""Enough to be fast, few enough that other writers wait for less than a second."""

Progress = Callable[[int, int | None, str], None]
"""Called with the number of files done, the number of all files if it is known, and the current step."""


def scan(
    database: Database,
    root: Path | str | bytes,
    *,
    name: str | None = None,
    on_progress: Progress | None = None,
    reread: bool = False,
    tag_encoding: str | None = None,
    dry_run: bool = False,
) -> ScanReport:
    """Adds a folder, or one file, to the catalog. A repeated scan opens only new and changed files.

    A file has changed if its size, mtime, ctime or inode differs. With `reread`,
    with `tag_encoding`, and after an upgrade of the tag reader, every file is opened. `tag_encoding` is the encoding of
    tags that say they are Latin-1; None: detected.

    A path inside a known collection is scanned for that collection, and only tracks below the path can become missing.
    For a single file outside of all collections, its folder becomes a collection with this file only. An interrupted
    scan can be repeated with the same result; if the connection to the database is lost, the scan waits for it. Files
    are only read.

    Raises CollectionRootError, with nothing changed, if the path does not exist, if it holds no audio (also in a known
    collection: a disk that is not mounted must not empty the catalog), or if it contains a collection.
    """

    def find() -> Root:
        with database.read() as connection:
            return find_scan_root(connection, os.fsencode(root), name)

    found_root = retry_until_connected(find)
    folder_scan = _FolderScan(
        database,
        found_root,
        on_progress or (lambda _done, _total, _step: None),
        reread=reread,
        tag_encoding=tag_encoding,
        dry_run=dry_run,
    )
    try:
        folder_scan.run()
    except OSError as error:
        raise CollectionRootError(
            f"{display_path(found_root.scan_start)} cannot be read: {error.strerror}"
        ) from error
    return folder_scan.report


def require_audio(database: Database, paths: Sequence[Path], name: str | None = None) -> None:
    """Checks folders and files as `scan` does before it changes anything. Raises CollectionRootError."""
    for path in paths:
        with database.read() as connection:
            root = find_scan_root(connection, os.fsencode(path), name)
        is_folder = os.path.isdir(root.scan_start)
        if is_folder and next(iter(FolderWalk(root.path, root.start)), None) is None:
            raise without_audio(root.scan_start)


class _FolderScan:
    """A scan in progress."""

    def __init__(
        self,
        database: Database,
        root: Root,
        on_progress: Progress,
        *,
        reread: bool,
        tag_encoding: str | None,
        dry_run: bool,
    ) -> None:
        self.database = database
        self.root = root
        self.on_progress = on_progress
        self.reread = reread or tag_encoding is not None
        self.tag_encoding = tag_encoding
        self.report = ScanReport(root.name, display_path(root.path), root.collection_id, dry_run=dry_run)
        if root.old_path is not None:
            self.report.moved_from = display_path(root.old_path)
        self.walk = FolderWalk(root.path, root.start)
        self.sheets = CueSheets(root.path)
        self.images: set[bytes] = set()
        self.started = now()
        self.folder = os.stat(root.path)
        self.seen: set[int] = set()
        self.back: list[int] = []
        self.opened: list[ScannedFile] = []
        self.done = 0
        self.doubtful = 0
        self.emptied: Mapping[bytes, int] = {}
        # Of a dry run only: its tracks are not in the database.
        self.genres: Counter[str] = Counter()
        self.artists: set[str] = set()
        self.albums: set[str] = set()

    def run(self) -> None:
        for files in batches(self._files(), FILES_PER_LOOKUP):
            for file in self._changed_files(files):
                self._open(file)
                self._progress(1, "reading tags")
                if len(self.opened) >= FILES_PER_TRANSACTION:
                    self._store()
            self._store()
        if self.done == 0 and (error := self._no_audio_error()) is not None:
            raise error
        if self.report.collection_id is None and not self.report.dry_run:
            # Every file is an image album.
            self.report.collection_id, _ = retry_until_connected(self._write)
        if self.report.collection_id is not None:
            self.report.missing, recovered = retry_until_connected(self._mark_missing_tracks)
            self.report.moved += recovered
        self._warn_of_lost_folders()
        self.report.outside = self.walk.outside
        self.report.skipped = dict(self.walk.skipped.most_common())
        self.report.warnings = self.walk.warnings
        self.report.warned = self.walk.warned
        self.report.unread += len(self.walk.unread)
        retry_until_connected(self._count)

    def _files(self) -> Iterable[FoundFile]:
        if os.path.isdir(self.root.scan_start):
            return self.walk
        status = os.stat(self.root.scan_start)
        return [FoundFile(self.root.start, FileState.of(status))]

    def _changed_files(self, files: list[FoundFile]) -> list[FoundFile]:
        """The files that have to be opened; the tracks of the others are marked as seen."""
        paths = [file.path for file in files]
        tracks = retry_until_connected(partial(tracks_at, self.database, self.report.collection_id, paths))
        is_stable = has_stable_inodes(files, tracks)
        changed = []
        for file in files:
            if (cue_tracks := self.sheets.tracks_in(file.path)) > 1:
                self._leave_image(file.path, cue_tracks)
                continue
            row = tracks.get(file.path)
            if row is not None:
                self.seen.add(row.id)
            if self.reread or row is None or has_changed(file, row, with_inode=is_stable):
                changed.append(file)
            elif row.state == "present":
                self.report.unchanged += 1
            else:
                self.back.append(row.id)
        self._progress(len(files) - len(changed), "comparing")
        return changed

    def _open(self, found: FoundFile) -> None:
        try:
            file = read_scanned_file(self.root.path, found.path, self.tag_encoding)
        except FileNotFoundError:
            return
        except (OSError, FileChangedWhileReadingError) as error:
            reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
            self.walk.warn(found.path, reason)
            self.report.unread += 1
            return
        if file.tags.cue_tracks > 1:
            self._leave_image(found.path, file.tags.cue_tracks)
            return
        if file.tags.warning is not None:
            self.walk.warn(found.path, file.tags.warning)
        self.opened.append(file)

    def _leave_image(self, path: bytes, cue_tracks: int) -> None:
        """Reports an image album: it is no track, so that nothing judges, suggests or writes its genre."""
        self.images.add(path)
        self.report.image_albums[display_path(path)] = cue_tracks

    def _store(self) -> None:
        """Stores the files that were opened, and the tracks whose files are back."""
        if not self.opened and not self.back:
            return
        collection_id, result = retry_until_connected(self._write)
        self.seen |= result.seen
        self.report.added += result.added
        self.report.changed += result.changed
        self.report.moved += result.moved
        self.report.unchanged += result.unchanged
        self.report.back += result.back + len(self.back)
        if self.report.dry_run:
            self._collect_names(self.opened)
        else:
            self.report.collection_id = collection_id
        self.opened = []
        self.back = []

    def _write(self) -> tuple[int, UpsertResult]:
        with self._transaction() as connection:
            collection_id = self._lock_collection(connection)
            result = upsert_tracks(connection, collection_id, self.root.path, self.opened)
            if self.back:
                update = sa.update(track).where(track.c.id.in_(self.back))
                connection.execute(update.values(state="present", seen_at=now()))
        return collection_id, result

    def _lock_collection(self, connection: Connection) -> int:
        """The id of the collection, inserted if it is new. Its row is locked: one scan of it writes at a time."""
        place = {
            "name": self.root.name,
            "root": display_path(self.root.path),
            "root_bytes": self.root.path,
            "root_inode": FileState.of(self.folder).inode,
        }
        if self.root.old_path is not None:
            is_old = collection.c.root_bytes == self.root.old_path
            connection.execute(sa.update(collection).where(is_old).values(place))
        new = place | {"kind": "folder", "tags_complete": False, "added_at": now()}
        connection.execute(insert_into(connection, collection).values(new).on_conflict_do_nothing())
        query = sa.select(collection.c.id).where(collection.c.root_bytes == self.root.path)
        collection_id = connection.execute(query.with_for_update()).scalar_one_or_none()
        if collection_id is None:
            raise CollectionRootError(
                f"another scan has just called its collection {self.root.name!r}; run this scan again"
            )
        return int(collection_id)

    def _no_audio_error(self) -> CollectionRootError | None:
        """The error for a folder without audio; None for a known collection all of whose tracks went elsewhere."""
        with self.database.read() as connection:
            tracks = len(list(self._expected_tracks(connection)))
        if not tracks:
            is_new = self.root.collection_id is None
            return without_audio(self.root.scan_start) if is_new or self.root.start else None
        return CollectionRootError(
            f"no audio in {display_path(self.root.scan_start)}, where {tracks:,} tracks were: nothing was changed. "
            "If a disk is not mounted, mount it; if the files were deleted: "
            f"catalog collections remove {self.root.name!r}"
        )

    def _expected_tracks(self, connection: Connection) -> Iterator[tuple[int, bytes]]:
        """Ids and paths of the present tracks that this scan covers, without those that others have just added."""
        start = self.root.start
        query = sa.select(track.c.id, track.c.path_bytes).where(
            track.c.collection_id == self.report.collection_id, HAS_FILE, track.c.seen_at < self.started
        )
        if start:
            # "0" follows "/", so this is every path that starts with the folder's name and a slash.
            is_below = (track.c.path_bytes > start + b"/") & (track.c.path_bytes < start + b"0")
            query = query.where((track.c.path_bytes == start) | is_below)
        yield from connection.execute(query.execution_options(yield_per=FILES_PER_LOOKUP))

    def _mark_missing_tracks(self) -> tuple[int, int]:
        """Marks the tracks whose files were not found; returns their number, and how many took over a copy.

        Absence is believed only while the root and the folder of the file are those that were listed: a disk that is
        removed during the scan loses no track.
        """
        with self._transaction() as connection:
            self._lock_collection(connection)
            expected = [
                (key, path)
                for key, path in self._expected_tracks(connection)
                if (key not in self.seen or path in self.images) and not self.walk.is_unread(path)
            ]
            lost = [(key, path) for key, path in expected if self.walk.has_lost(path)]
            if not self._is_same_root():
                lost = []
            missing = [key for key, _ in lost]
            self.emptied = self.walk.empty_folders(path for _, path in lost)
            self.doubtful = len(expected) - len(missing)
            _mark_missing(connection, self.report.collection_id, missing)
            values: dict[str, Any] = {"root_inode": FileState.of(self.folder).inode}
            if self.root.is_whole_collection and not self.doubtful:
                values["scanned_at"] = now()
            update = sa.update(collection).where(collection.c.id == self.report.collection_id)
            connection.execute(update.values(values))
            recovered = recover_lost_tracks(connection)
        return len(missing), recovered

    def _is_same_root(self) -> bool:
        try:
            return os.path.samestat(self.folder, os.stat(self.root.path))
        except OSError:
            return False

    def _warn_of_lost_folders(self) -> None:
        """Warns if the root, or a folder with tracks, went away during the scan, or is empty now."""
        for folder, tracks in self.emptied.items():
            self.walk.warn(
                folder,
                f"is empty now, and {pluralize(tracks, 'track')} in it became missing; if a disk belongs there, "
                "mount it and scan again",
            )
        if self.doubtful or not self._is_same_root():
            kept = f"; {pluralize(self.doubtful, 'track')} in it stayed as before" if self.doubtful else ""
            self.report.unread += 1
            self.walk.warn(
                self.root.scan_start,
                f"a folder went away during the scan, or another took its place{kept}. Mount the disk and scan again",
            )

    def _count(self) -> None:
        """Counts artists, albums and spellings for the report."""
        with self.database.read() as connection:
            if self.report.dry_run:
                self.report.artists = len(self.artists)
                self.report.albums = len(self.albums)
                self.report.spellings = spellings_of(load_vocabulary(connection), self.genres)
                return
            assert self.report.collection_id is not None, "only a dry run leaves a collection without a row"
            counts = count_collection(connection, self.report.collection_id)
        self.report.artists, self.report.albums = counts.artists, counts.albums
        self.report.spellings = list(counts.spellings)

    def _collect_names(self, files: Iterable[ScannedFile]) -> None:
        for tags in (file.tags for file in files):
            self.genres.update(genres_in(tags.genres) or [text for text in tags.genres if text])
            name = tags.artist or tags.album_artist
            if name and not is_placeholder_artist(name):
                self.artists.add(fold_artist(name))
            if tags.album:
                self.albums.add(album_key(tags.album_artist or tags.artist, tags.album))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.database.writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if self.report.dry_run:
                transaction.rollback()

    def _progress(self, files: int, step: str) -> None:
        self.done += files
        self.on_progress(self.done, None, step)


def _mark_missing(connection: Connection, collection_id: int | None, track_ids: Sequence[int]) -> None:
    """Marks tracks as missing since the last whole scan, which saw all present tracks even if it left their rows.

    A track that the scan of another collection took over in the meantime is left alone.
    """
    scanned = (
        sa.select(collection.c.scanned_at).where(collection.c.id == track.c.collection_id).scalar_subquery()
    )
    seen = sa.case((scanned > track.c.seen_at, scanned), else_=track.c.seen_at)
    for ids in chunks(track_ids):
        own = sa.and_(track.c.id.in_(ids), track.c.collection_id == collection_id)
        connection.execute(sa.update(track).where(own).values(state="missing", seen_at=seen))
