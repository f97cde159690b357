"""The walk through a folder of music: every audio file once, in a fixed order, whatever the folder holds."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH110, PTH116, PTH118

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.collection.naming.audio_extensions import is_audio, suffix_of
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
"""Folders that file servers and systems keep for themselves; some hold copies named like the songs."""

MOST_SUFFIXES = 200
"""Different suffixes that are counted by name."""

MOST_WARNINGS = 1000
"""Warnings that are kept in words."""

_INT64 = 2**63 - 1

Entries = Iterator[tuple[bytes, os.DirEntry[bytes]]]
"""Relative paths, and what is there."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An audio file, as the walk met it."""

    path: bytes
    """Relative to the root."""
    size: int
    mtime_ns: int


def is_hidden(name: bytes) -> bool:
    """Whether a name is meant to be out of sight: `.Trash`, AppleDouble's `._song.mp3`.

    Not so `...And Justice for All` and `.38 Special`, which are music.
    """
    return name.startswith(b".") and not name.startswith(b"...") and not name[1:2].isdigit()


@dataclass
class FolderWalk:
    """The audio files of a root, or of a folder in it; iterate it once, then read what else it saw.

    Depth first, names in the order of their bytes; only the open folders are in memory. A link to a folder is followed
    where it leaves the root, so that an archive may lie on several disks; one that stays in the root leads to what is
    met anyway. Every folder is entered once, whatever leads to it, so that loops end.
    """

    root: bytes
    start: bytes = b""
    """Where to begin, relative to the root; empty: the root itself."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Files that are no audio, by suffix; `hidden`, `no suffix` and `other` among them."""
    warnings: list[str] = field(default_factory=list)
    """One line each, the first MOST_WARNINGS of them."""
    warned: int = 0
    """How many there were."""
    unread: list[bytes] = field(default_factory=list)
    """Relative paths whose content is not known, because the system refused it."""
    files: int = 0
    """Audio files given so far."""
    outside: int = 0
    """Of them, those that lie outside of the root, where links lead."""
    _entered: set[tuple[int, int]] = field(default_factory=set)

    def __iter__(self) -> Iterator[FoundFile]:
        """The files. Raises OSError where the start itself cannot be read."""
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
            path, found = entry
            information = self._look(path, found, real_root)
            if information is None:
                continue
            # A link that stays in the root is not followed: any other leaves it.
            is_outside = is_outside or found.is_symlink()
            if stat.S_ISDIR(information.st_mode):
                folder = self._open(path, found, information)
                if folder is not None:
                    pending.append((folder, is_outside))
            elif self._is_wanted(path, found.name, information):
                self.files += 1
                self.outside += is_outside
                yield FoundFile(path, information.st_size, bounded(information.st_mtime_ns))

    def _look(self, path: bytes, found: os.DirEntry[bytes], real_root: bytes) -> os.stat_result | None:
        """What an entry is, links followed; None for what leads nowhere, astray, or cannot be looked at."""
        try:
            if found.is_symlink() and self._leads_astray(path, found, real_root):
                return None
            return found.stat()
        except FileNotFoundError:
            if found.is_symlink() and is_audio(found.name):
                self.warn(path, "a link that leads nowhere")
        except OSError as error:
            self._refuse(path, error)
        return None

    def _open(self, path: bytes, found: os.DirEntry[bytes], information: os.stat_result) -> Entries | None:
        """What is in a folder; None where it is not to be entered, or was before."""
        if is_hidden(found.name) or found.name in SYSTEM_FOLDERS or not self._enter(information):
            return None
        try:
            return _entries(found.path, path)
        except OSError as error:
            self._refuse(path, error)
            return None

    def _enter(self, information: os.stat_result) -> bool:
        """Whether a folder is met for the first time."""
        identity = (information.st_dev, information.st_ino)
        if identity in self._entered:
            return False
        self._entered.add(identity)
        return True

    def _leads_astray(self, path: bytes, found: os.DirEntry[bytes], real_root: bytes) -> bool:
        target = os.path.realpath(found.path)
        if is_within(target, real_root):
            return os.path.exists(target)
        if is_within(real_root, target):
            self.warn(path, "a link to a folder around the collection is not followed")
            return True
        return False

    def _is_wanted(self, path: bytes, name: bytes, information: os.stat_result) -> bool:
        if is_hidden(name):
            self._skip("hidden")
        elif not is_audio(name):
            self._skip(suffix_of(name) or "no suffix")
        elif not stat.S_ISREG(information.st_mode):
            self.warn(path, "is no regular file")
        else:
            return True
        return False

    def _skip(self, kind: str) -> None:
        self.skipped[kind if kind in self.skipped or len(self.skipped) < MOST_SUFFIXES else "other"] += 1

    def _refuse(self, path: bytes, error: OSError) -> None:
        self.unread.append(path)
        self.warn(path, f"cannot be read: {error.strerror}")

    def warn(self, path: bytes, reason: str) -> None:
        """Adds a warning about a path; beyond MOST_WARNINGS they are only counted."""
        self.warned += 1
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(f"{display_path(path)}: {reason}")


def bounded(nanoseconds: int) -> int:
    """A time stamp that a database can hold: some file systems know times beyond 64 bits."""
    return max(-_INT64, min(_INT64, nanoseconds))


def _entries(folder: bytes, path: bytes) -> Entries:
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    return ((os.path.join(path, entry.name) if path else entry.name, entry) for entry in entries)
