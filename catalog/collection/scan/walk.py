"""The walk through a folder: every audio file once, in a fixed order."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH110, PTH112, PTH114, PTH116, PTH118, PTH120

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from catalog.collection.naming.audio_extensions import is_audio, suffix_of
from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import display_path, is_within

SYSTEM_FOLDERS = frozenset(
    {
        b"#recycle",
        b"$RECYCLE.BIN",
        b"@Recycle",
        b"@eaDir",
        b"System Volume Information",
        b"__MACOSX",
        b"lost+found",
    }
)
"""Folders that file servers and operating systems create; some hold copies named like the songs."""

MAX_SUFFIXES = 200
"""Number of different suffixes that are counted by name."""

MAX_WARNINGS = 1000
"""Number of warnings that are kept as text."""

Entries = Iterator[tuple[bytes, os.DirEntry[bytes]]]
"""Relative paths and directory entries."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An audio file that the walk found."""

    path: bytes
    """Relative to the root."""
    state: FileState


def is_hidden(name: bytes) -> bool:
    """Whether a name is hidden, such as `.Trash` and AppleDouble's `._song.mp3`.

    `...And Justice for All` and `.38 Special` are music and not hidden.
    """
    return name.startswith(b".") and not name.startswith(b"...") and not name[1:2].isdigit()


@dataclass
class FolderWalk:
    """The audio files of a root, or of a folder in it; iterate it once, then read its counts.

    The walk is depth first, in byte order of the names; only the open folders are in memory. A link that leads out of
    the root is followed, so that an archive may be on several disks; a link that stays in the root is not, because
    its target is found anyway. Every folder is entered once, so that loops end.
    """

    root: bytes
    start: bytes = b""
    """Start of the walk, relative to the root; empty: the root itself."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Files that are not audio, by suffix, `hidden`, `no suffix` or `other`."""
    warnings: list[str] = field(default_factory=list)
    """One line each; the first MAX_WARNINGS."""
    warned: int = 0
    """Number of all warnings."""
    unread: list[bytes] = field(default_factory=list)
    """Relative paths that could not be read."""
    files: int = 0
    """Number of audio files so far."""
    outside: int = 0
    """Number of audio files outside of the root, reached by links."""
    _entered: set[tuple[int, int]] = field(default_factory=set)
    _vanished: set[bytes] = field(default_factory=set)
    """Relative paths that were listed and then not there."""

    def __iter__(self) -> Iterator[FoundFile]:
        """The files. Raises OSError if the start cannot be read."""
        first = os.path.join(self.root, self.start) if self.start else self.root
        real_root = os.path.realpath(self.root)
        self._enter(os.stat(first))
        pending = [(_entries(first, self.start), not is_within(os.path.realpath(first), real_root))]
        while pending:
            entries, is_outside = pending[-1]
            entry = next(entries, None)
            if entry is None:
                pending.pop()
                continue
            path, item = entry
            status = self._status(path, item, real_root)
            if status is None:
                continue
            # A link that is followed leads out of the root.
            is_outside = is_outside or item.is_symlink()
            if stat.S_ISDIR(status.st_mode):
                folder = self._open(path, item, status)
                if folder is not None:
                    pending.append((folder, is_outside))
            elif self._is_audio_file(path, item.name, status):
                self.files += 1
                self.outside += is_outside
                yield FoundFile(path, FileState.of(status))

    def is_unread(self, path: bytes) -> bool:
        """Whether a path is, or is in, one that could not be read."""
        return any(is_within(path, folder) for folder in self.unread)

    def has_lost(self, path: bytes) -> bool:
        """Whether a path that the walk did not give is really absent: its folder is still the one that was listed.

        False after an error of the file system, and for a file that was away during the walk only.
        """
        if path in self._vanished and os.path.lexists(os.path.join(self.root, path)):
            return False
        return self._is_listed(os.path.dirname(path))

    def empty_folders(self, lost: Iterable[bytes]) -> Counter[bytes]:
        """The folders of lost files that are there and empty, as the mount points of disks are, with their files."""
        folders = Counter(self._existing_folder(path) for path in lost)
        return Counter(
            {folder: files for folder, files in folders.items() if folder and self._is_empty(folder)}
        )

    def _existing_folder(self, path: bytes) -> bytes:
        """The nearest folder above a path that is there; empty for the root."""
        folder = os.path.dirname(path)
        while folder and not os.path.isdir(os.path.join(self.root, folder)):
            folder = os.path.dirname(folder)
        return folder

    def _is_empty(self, folder: bytes) -> bool:
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                return next(entries, None) is None
        except OSError:
            return False

    def _is_listed(self, folder: bytes) -> bool:
        """Whether the nearest existing folder above a path is one that the walk entered."""
        place = os.path.join(self.root, folder) if folder else self.root
        try:
            status = os.stat(place)
        except (FileNotFoundError, NotADirectoryError):
            # A broken link may lead to a disk that is not mounted.
            is_link = os.path.islink(place)
            return (
                folder not in {b"", self.start} and not is_link and self._is_listed(os.path.dirname(folder))
            )
        except OSError:
            return False
        return not stat.S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) in self._entered

    def _status(self, path: bytes, item: os.DirEntry[bytes], real_root: bytes) -> os.stat_result | None:
        """The status of an entry, links followed; None for an ignored or broken link and after an error."""
        try:
            if item.is_symlink() and self._is_ignored_link(path, item, real_root):
                return None
            return item.stat()
        except FileNotFoundError:
            if not item.is_symlink():
                self._vanished.add(path)
            elif is_audio(item.name):
                self.warn(path, "is a broken link")
        except OSError as error:
            self._refuse(path, error)
        return None

    def _open(self, path: bytes, item: os.DirEntry[bytes], status: os.stat_result) -> Entries | None:
        """The entries of a folder; None if it is ignored, was entered before, or cannot be read."""
        if is_hidden(item.name) or item.name in SYSTEM_FOLDERS or not self._enter(status):
            return None
        try:
            return _entries(item.path, path)
        except OSError as error:
            self._refuse(path, error)
            return None

    def _enter(self, status: os.stat_result) -> bool:
        """Marks a folder as entered; False if it was entered before."""
        identity = (status.st_dev, status.st_ino)
        if identity in self._entered:
            return False
        self._entered.add(identity)
        return True

    def _is_ignored_link(self, path: bytes, item: os.DirEntry[bytes], real_root: bytes) -> bool:
        target = os.path.realpath(item.path)
        if is_within(target, real_root):
            return os.path.exists(target)
        if is_within(real_root, target):
            self.warn(path, "is a link to a folder that contains the collection; it is not followed")
            return True
        return False

    def _is_audio_file(self, path: bytes, name: bytes, status: os.stat_result) -> bool:
        if is_hidden(name):
            self._skip("hidden")
        elif not is_audio(name):
            self._skip(suffix_of(name) or "no suffix")
        elif not stat.S_ISREG(status.st_mode):
            self.warn(path, "is not a regular file")
        else:
            return True
        return False

    def _skip(self, kind: str) -> None:
        self.skipped[kind if kind in self.skipped or len(self.skipped) < MAX_SUFFIXES else "other"] += 1

    def _refuse(self, path: bytes, error: OSError) -> None:
        self.unread.append(path)
        self.warn(path, f"cannot be read: {error.strerror}")

    def warn(self, path: bytes, reason: str) -> None:
        """Adds a warning about a path; after MAX_WARNINGS they are only counted."""
        self.warned += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(f"{display_path(path)}: {reason}")


def _entries(folder: bytes, path: bytes) -> Entries:
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    return ((os.path.join(path, entry.name) if path else entry.name, entry) for entry in entries)
