"""A file that is written to: made anew beside itself, checked, and put in its own place in one step."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH105, PTH108, PTH116, PTH118, PTH120

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from catalog.collection.naming.file_signature import file_signature
from catalog.collection.naming.paths import is_within
from catalog.collection.scan.walk import bounded
from catalog.errors import CatalogError

CHANGED = "changed since it was scanned; bring it up to date first: catalog scan"

_WINDOW = 2**20


class FileWriteError(CatalogError):
    """A file that is left as it is, and why, in words that follow its name."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A file as it was when it was looked at."""

    name: bytes
    """Absolute, links followed."""
    status: os.stat_result

    @property
    def folder(self) -> bytes:
        """Where the file lies, and what takes its place is made."""
        return os.path.dirname(self.name)

    @property
    def other_names(self) -> int:
        """Hard links beside this one: they keep the file as it was."""
        return self.status.st_nlink - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What recognizes a file's content."""

    size: int
    mtime_ns: int
    file_signature: str
    digest: str
    """BLAKE2b-128 of the whole file, in hexadecimal."""


def find_target_file(root: bytes, path: bytes, size: int | None, mtime_ns: int | None) -> TargetFile:
    """The file that a track is, if it may be written to and is as it was scanned. Raises FileWriteError."""
    real_root = os.path.realpath(root)
    name = os.path.realpath(os.path.join(root, path))
    if not is_within(name, real_root):
        raise FileWriteError("a link that leads out of the collection's folder is not written through")
    try:
        status = os.stat(name)
    except OSError as error:
        raise FileWriteError(explain(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise FileWriteError("is no regular file any more")
    if (status.st_size, bounded(status.st_mtime_ns)) != (size, mtime_ns):
        raise FileWriteError(CHANGED)
    # Whoever may write everything is told, too: the mode is somebody's wish.
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(name, os.W_OK):
        raise FileWriteError("is read-only")
    if not os.access(os.path.dirname(name), os.W_OK):
        raise FileWriteError("its folder is read-only")
    return TargetFile(name, status)


@contextmanager
def locked(place: TargetFile) -> Iterator[BinaryIO]:
    """The file, open for reading and locked. Raises FileWriteError where another program holds a lock on it."""
    try:
        stream = io.FileIO(os.open(place.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), closefd=True)
    except OSError as error:
        raise FileWriteError(explain(error)) from error
    with ExitStack() as stack:
        reader = stack.enter_context(io.BufferedReader(stream))
        try:
            fcntl.flock(reader.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileWriteError("is locked by another program") from error
        except OSError as error:
            # Some network file systems know no locks.
            if error.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.EINVAL, errno.ENOSYS):
                raise FileWriteError(explain(error)) from error
        yield reader


@contextmanager
def replacement(name: bytes) -> Iterator[BinaryIO]:
    """An empty file to be filled, taken away again where that fails. Raises FileWriteError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, 0o600)
    except OSError as error:
        raise FileWriteError(explain(error, "its folder cannot be written to")) from error
    try:
        with os.fdopen(handle, "r+b") as stream:
            yield stream
    except BaseException as error:
        discard(name)
        if isinstance(error, OSError):
            raise FileWriteError(explain(error)) from error
        raise


def copy_content(source: BinaryIO, target: BinaryIO) -> None:
    """Copies all of a file, by the system where it can."""
    source.seek(0)
    shutil.copyfileobj(source, target, _WINDOW)
    target.flush()


def finalize_copy(place: TargetFile, name: bytes, stream: BinaryIO) -> Facts:
    """Gives the replacement the owner, mode, times and extended attributes of the file, and puts it on the disk.

    The owner where the system allows it. Gives the facts of the content.
    """
    stream.flush()
    made = os.fstat(stream.fileno())
    if (made.st_uid, made.st_gid) != (place.status.st_uid, place.status.st_gid):
        with suppress(PermissionError):
            os.fchown(stream.fileno(), place.status.st_uid, place.status.st_gid)
    shutil.copystat(place.name, name)
    os.utime(name, ns=(place.status.st_atime_ns, place.status.st_mtime_ns))
    os.fsync(stream.fileno())
    return facts_of(stream)


def put_in_place(place: TargetFile, name: bytes) -> None:
    """The one step in which the file becomes the new one. Raises FileWriteError where it is not as it was."""
    try:
        now = os.stat(place.name)
        if _identity(now) != _identity(place.status):
            raise FileWriteError(CHANGED)
        os.replace(name, place.name)
    except OSError as error:
        raise FileWriteError(explain(error)) from error


def sync_folder(folder: bytes) -> None:
    """Puts the names in a folder on the disk, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def discard(name: bytes) -> None:
    """Takes a replacement away that was not put in place."""
    with suppress(FileNotFoundError):
        os.unlink(name)


def facts_of(stream: BinaryIO) -> Facts:
    """The facts of an open file."""
    status = os.fstat(stream.fileno())
    digest = hashlib.blake2b(digest_size=16)
    stream.seek(0)
    while data := stream.read(_WINDOW):
        digest.update(data)
    mark = file_signature(stream, status.st_size)
    return Facts(status.st_size, bounded(status.st_mtime_ns), mark, digest.hexdigest())


def audio_hash_of(name: bytes) -> str:
    """The hash of the compressed sound, as `track.audio_hash`. Raises FileWriteError where nothing can be heard."""
    from catalog.audio.audio_error import AudioError
    from catalog.audio.decoding import demux
    from catalog.audio.decoding.media_file import MediaFile

    try:
        with MediaFile(name) as source, demux.open_audio(source) as (container, stream):
            walk = demux.scan_packets(container, stream)
            source.check()
    except AudioError as error:
        raise FileWriteError(f"its sound cannot be checked: {error}") from error
    if not walk.packets:
        raise FileWriteError("its sound cannot be checked: there is none in it")
    return walk.audio_hash


def explain(error: OSError, place: str = "cannot be written") -> str:
    """What the system refused, in words that follow the name of the file."""
    known = {
        errno.ENOSPC: "the disk is full; the decision is kept, and the same command writes it later",
        errno.EDQUOT: "the quota is used up; the decision is kept, and the same command writes it later",
        errno.ENOENT: "is not there any more; if it was moved: catalog scan",
        errno.EROFS: "lies on a disk that is read-only",
    }
    return known.get(error.errno or 0, f"{place}: {error.strerror or error}")


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
