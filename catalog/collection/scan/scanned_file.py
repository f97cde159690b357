"""An arrival: a file that was opened because it is new or has changed, and what was read out of it."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH116, PTH118, PTH119, PTH120, PTH208

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from catalog.collection.naming.file_signature import file_signature
from catalog.collection.scan.file_tags import FileTags, read_file_tags
from catalog.collection.scan.walk import bounded
from catalog.errors import CatalogError


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file's name, state and content, all of one moment."""

    path: bytes
    """Relative to the root."""
    size: int
    mtime_ns: int
    file_signature: str
    tags: FileTags


class FileChangedWhileReadingError(CatalogError):
    """A file that was written to while it was read; the next scan finds it changed and reads it again."""


def read_scanned_file(root: bytes, path: bytes) -> ScannedFile:
    """Reads one file. Raises OSError where the system refuses, and FileChangedWhileReadingError."""
    # Not to wait for ever where a pipe took the file's place since it was seen.
    handle = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise FileChangedWhileReadingError("is no regular file any more")
        tags = read_file_tags(stream, os.path.basename(path))
        mark = file_signature(stream, before.st_size)
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileChangedWhileReadingError("changes while it is read; the next scan reads it again")
    return ScannedFile(path, after.st_size, bounded(after.st_mtime_ns), mark, tags)


def has_left_path(
    root: bytes, path: bytes, size: int, mtime_ns: int, mark: str, arrival: ScannedFile
) -> bool:
    """Whether the file that was known at a path has left it, so that an arrival of equal content may be it.

    It has not where it is there as it was, where it was only touched, and where the system does not say.
    """
    place = os.path.join(root, path)
    try:
        there = os.stat(place)
        if _is_other_case(place, os.path.join(root, arrival.path), there):
            return True
        if (there.st_size, bounded(there.st_mtime_ns)) == (size, mtime_ns):
            return False
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            return file_signature(stream, there.st_size) != mark
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _is_other_case(place: bytes, arrived: bytes, there: os.stat_result) -> bool:
    """Whether two names are one file, of which only the arrived one is listed: a rename from `A.mp3` to `a.mp3` where
    the file system finds both.
    """
    if place == arrived or not os.path.samestat(there, os.stat(arrived)):
        return False
    return os.path.basename(place) not in os.listdir(os.path.dirname(place))
