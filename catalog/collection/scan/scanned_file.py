"""A file that a scan opened because it is new or changed, with its tags."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH116, PTH118, PTH119, PTH120, PTH208

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from catalog.collection.naming.file_signature import file_signature
from catalog.collection.naming.file_state import FileState
from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.scan.tag_fields import FileTags
from catalog.errors import CatalogError


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file's path, status and tags at one moment."""

    path: bytes
    """Relative to the root."""
    state: FileState
    file_signature: str
    tags: FileTags


class FileChangedWhileReadingError(CatalogError):
    """A file was written to while it was read; the next scan finds it changed and reads it again."""


def read_scanned_file(root: bytes, path: bytes, tag_encoding: str | None = None) -> ScannedFile:
    """Reads one file. Raises OSError or FileChangedWhileReadingError."""
    # Does not block if a pipe has taken the place of the file.
    handle = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise FileChangedWhileReadingError("is not a regular file any more")
        tags = read_file_tags(stream, os.path.basename(path), tag_encoding)
        signature = file_signature(stream, before.st_size)
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileChangedWhileReadingError("changed while it was read; the next scan reads it again")
    return ScannedFile(path, FileState.of(after), signature, tags)


def has_left_path(root: bytes, path: bytes, state: FileState, signature: str | None, new_path: bytes) -> bool:
    """Whether the file that was known at `path` is not there any more, so that it may be the file at `new_path`.

    Both are absolute except `path`. False if the file is there unchanged, if only its times changed, and if the file
    system reports an error.
    """
    full_path = os.path.join(root, path)
    try:
        status = os.stat(full_path)
        if _differs_only_in_case(full_path, new_path, status):
            return True
        if FileState.of(status).times == state.times:
            return False
        handle = os.open(full_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            return file_signature(stream, status.st_size) != signature
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _differs_only_in_case(old: bytes, new: bytes, old_status: os.stat_result) -> bool:
    """Whether a file was renamed from `A.mp3` to `a.mp3` where the file system finds it under both names."""
    if old == new or not os.path.samestat(old_status, os.stat(new)):
        return False
    return os.path.basename(old) not in os.listdir(os.path.dirname(old))
