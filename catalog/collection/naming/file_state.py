"""The state of a file that tells whether it has changed since it was read."""

from __future__ import annotations

import os
from typing import NamedTuple, Self

_INT64 = 2**63 - 1


class FileState(NamedTuple):
    """Columns of `track`; None if they are not known."""

    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    inode: int | None

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The state in a file's status, limited to the 64 bits of a database column."""
        return cls(
            status.st_size, bounded(status.st_mtime_ns), bounded(status.st_ctime_ns), status.st_ino & _INT64
        )

    @property
    def times(self) -> tuple[int | None, int | None, int | None]:
        """Everything but the inode."""
        return self[:3]


def bounded(nanoseconds: int) -> int:
    """A time stamp limited to the 64 bits of a database column; some file systems have larger ones."""
    return max(-_INT64, min(_INT64, nanoseconds))
