"""Replacement of a file: a checked copy in the same folder is renamed over it in one step."""

# File names are bytes; a Path holds text.
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
from catalog.collection.naming.file_state import FileState, bounded
from catalog.collection.naming.paths import is_within
from catalog.errors import CatalogError

CHANGED = "changed since the last scan; run first: catalog scan"

_WINDOW = 2**20


class FileWriteError(CatalogError):
    """A file that is left unchanged. The message is a reason that follows the name of the file."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A file to be replaced, with its status when it was checked."""

    name: bytes
    """The absolute path, links resolved."""
    status: os.stat_result

    @property
    def folder(self) -> bytes:
        """The folder of the file and of its replacement."""
        return os.path.dirname(self.name)

    @property
    def other_names(self) -> int:
        """The number of other hard links, which keep the old file."""
        return self.status.st_nlink - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Identification of a file's content."""

    size: int
    mtime_ns: int
    file_signature: str
    digest: str
    """BLAKE2b-128 of the whole file, in hexadecimal."""


def find_target_file(root: bytes, path: bytes, size: int | None, mtime_ns: int | None) -> TargetFile:
    """The file of a track. Raises FileWriteError if it may not be written or has changed since the last scan."""
    real_root = os.path.realpath(root)
    name = os.path.realpath(os.path.join(root, path))
    if not is_within(name, real_root):
        raise FileWriteError("is a link to a file outside the collection's folder, which is not written")
    try:
        status = os.stat(name)
    except OSError as error:
        raise FileWriteError(explain(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise FileWriteError("is not a regular file any more")
    if (status.st_size, bounded(status.st_mtime_ns)) != (size, mtime_ns):
        raise FileWriteError(CHANGED)
    # The mode counts for root, too: somebody protected the file.
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(name, os.W_OK):
        raise FileWriteError("is read-only; make it writable and run the command again")
    if not os.access(os.path.dirname(name), os.W_OK):
        raise FileWriteError("its folder is read-only")
    return TargetFile(name, status)


@contextmanager
def locked(target: TargetFile) -> Iterator[BinaryIO]:
    """The file, open for reading and locked. Raises FileWriteError if another program holds a lock on it."""
    try:
        stream = io.FileIO(os.open(target.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), closefd=True)
    except OSError as error:
        raise FileWriteError(explain(error)) from error
    with ExitStack() as stack:
        reader = stack.enter_context(io.BufferedReader(stream))
        try:
            fcntl.flock(reader.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileWriteError("is locked by another program") from error
        except OSError as error:
            # Some network file systems have no locks.
            if error.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.EINVAL, errno.ENOSYS):
                raise FileWriteError(explain(error)) from error
        yield reader


@contextmanager
def replacement(name: bytes) -> Iterator[BinaryIO]:
    """A new empty file, which is removed if the block fails. Raises FileWriteError."""
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
    """Copies the whole content of a file."""
    source.seek(0)
    shutil.copyfileobj(source, target, _WINDOW)
    target.flush()


def finalize_copy(target: TargetFile, name: bytes, stream: BinaryIO) -> Facts:
    """Copies owner (if permitted), mode, times and extended attributes of the file to its replacement, and syncs it.

    Returns the facts of the replacement.
    """
    stream.flush()
    status = os.fstat(stream.fileno())
    if (status.st_uid, status.st_gid) != (target.status.st_uid, target.status.st_gid):
        with suppress(PermissionError):
            os.fchown(stream.fileno(), target.status.st_uid, target.status.st_gid)
    shutil.copystat(target.name, name)
    os.utime(name, ns=(target.status.st_atime_ns, target.status.st_mtime_ns))
    os.fsync(stream.fileno())
    return facts_of(stream)


def put_in_place(target: TargetFile, name: bytes) -> FileState:
    """Renames the replacement over the file and returns its state, whose ctime a rename changes.

    Raises FileWriteError if the file has changed since it was checked.
    """
    try:
        now = os.stat(target.name)
        if _identity(now) != _identity(target.status):
            raise FileWriteError(CHANGED)
        os.replace(name, target.name)
    except OSError as error:
        raise FileWriteError(explain(error)) from error
    with suppress(OSError):
        return FileState.of(os.stat(target.name))
    # Somebody has removed it already; the next scan looks for it.
    return FileState(None, None, None, None)


def sync_folder(folder: bytes) -> None:
    """Syncs the entries of a folder to the disk, if the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def discard(name: bytes) -> None:
    """Removes a replacement, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(name)


def facts_of(stream: BinaryIO) -> Facts:
    """The facts of an open file."""
    status = os.fstat(stream.fileno())
    digest = hashlib.blake2b(digest_size=16)
    stream.seek(0)
    while data := stream.read(_WINDOW):
        digest.update(data)
    signature = file_signature(stream, status.st_size)
    return Facts(status.st_size, bounded(status.st_mtime_ns), signature, digest.hexdigest())


def audio_hash_of(name: bytes) -> str:
    """The hash of the compressed audio, as `track.audio_hash`. Raises FileWriteError if it cannot be read."""
    from catalog.audio.audio_error import AudioError
    from catalog.audio.decoding import demux
    from catalog.audio.decoding.media_file import MediaFile

    try:
        with MediaFile(name) as source, demux.open_audio(source) as (container, stream):
            packets = demux.scan_packets(container, stream)
            source.check()
    except AudioError as error:
        raise FileWriteError(f"its audio cannot be checked: {error}") from error
    if not packets.packets:
        raise FileWriteError("its audio cannot be checked: the file has no audio")
    return packets.audio_hash


def explain(error: OSError, action: str = "cannot be written") -> str:
    """The reason of an error of the operating system, as a text that follows the name of the file."""
    reasons = {
        errno.ENOSPC: "the disk is full; free space and run the same command again",
        errno.EDQUOT: "the disk quota is used up; free space and run the same command again",
        errno.ENOENT: "does not exist any more; if it was moved: catalog scan",
        errno.EROFS: "is on a read-only disk",
    }
    return reasons.get(error.errno or 0, f"{action}: {error.strerror or error}")


def _identity(status: os.stat_result) -> tuple[int, FileState]:
    return status.st_dev, FileState.of(status)
