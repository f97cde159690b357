"""Regular files for FFmpeg: opened without blocking, checked for concurrent changes."""

import os
import stat
from types import TracebackType
from typing import Self

from catalog.audio.audio_error import AudioError

Name = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class MediaFile:
    """A regular file, open for reading, with the three methods that PyAV needs.

    FFmpeg never sees the name: a name can be undecodable bytes, look like a URL or a protocol, or have the extension of
    another format.
    """

    def __init__(self, path: Name) -> None:
        """Opens the file. Raises AudioError with reason `unreadable` or `empty`."""
        try:
            # Opening a FIFO would block and opening a device may do worse: check before and after opening.
            _must_be_regular(os.stat(path))  # noqa: PTH116 -- Path does not take bytes
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise AudioError("unreadable", f"cannot be read: {_error_text(error)}") from error
        try:
            self._before = os.fstat(self._descriptor)
            _must_be_regular(self._before)
            _must_hold_bytes(self._before)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, size: int) -> bytes:
        try:
            return os.read(self._descriptor, size)
        except OSError as error:
            # FFmpeg's C frames would turn it into another error; `check` raises it instead.
            self._error = error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return os.lseek(self._descriptor, offset, whence)
        except OSError:
            return -1  # a damaged header asks for an impossible position; FFmpeg handles it

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def check(self) -> None:
        """Raises AudioError if the disk failed or the file changed since it was opened."""
        if self._error is not None:
            raise AudioError(
                "unreadable", f"cannot be read to its end: {_error_text(self._error)}"
            ) from self._error
        now = os.fstat(self._descriptor)
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise AudioError("changed", "the file was modified while it was read; it will be tried again")


class MediaSection:
    """A section of a media file, which FFmpeg reads as a file of its own."""

    def __init__(self, source: MediaFile, start: int, end: int) -> None:
        """Covers the bytes from `start` to before `end`."""
        self._source = source
        self._start = start
        self._size = end - start
        self._place = 0

    def read(self, size: int) -> bytes:
        self._source.seek(self._start + self._place)
        data = self._source.read(min(size, max(0, self._size - self._place)))
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        place = offset + {os.SEEK_CUR: self._place, os.SEEK_END: self._size}.get(whence, 0)
        if place < 0:
            return -1
        self._place = place
        return place

    def tell(self) -> int:
        return self._place

    def check(self) -> None:
        """As `MediaFile.check`."""
        self._source.check()


def _must_be_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {
            stat.S_IFDIR: "a folder",
            stat.S_IFIFO: "a named pipe",
            stat.S_IFSOCK: "a socket",
            stat.S_IFCHR: "a device",
            stat.S_IFBLK: "a device",
        }
        kind = kinds.get(stat.S_IFMT(status.st_mode), "a special file")
        raise AudioError("unreadable", f"cannot be read: it is {kind}, not a regular file")


def _must_hold_bytes(status: os.stat_result) -> None:
    if status.st_size == 0:
        raise AudioError("empty", "the file is empty")


def _error_text(error: OSError | ValueError) -> str:
    # The message of an OSError holds the path, which the caller shows.
    return error.strerror or "unknown error" if isinstance(error, OSError) else str(error)
