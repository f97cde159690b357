"""The files of the Free Music Archive: `000/000002.mp3` below a folder is track 2."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.collection.naming.paths import display_path
from catalog.collection.scan.scanned_file import FileChangedWhileReadingError, ScannedFile, read_scanned_file
from catalog.collection.scan.walk import bounded


@dataclass(frozen=True, slots=True)
class AudioRoot:
    """Where the files lie: the root of a collection, and the archive's folder below it (empty: the root itself)."""

    root: bytes
    start: bytes

    def paths(self, number: int) -> list[bytes]:
        """Where a track's file may be, relative to the root: as the archive has it, or all files in one folder."""
        names = (f"{number // 1000:03d}/{number:06d}.mp3".encode(), f"{number:06d}.mp3".encode())
        return [os.path.join(self.start, name) if self.start else name for name in names]


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """A file that is there. It is opened only when it is not as known."""

    root: bytes
    path: bytes
    size: int
    mtime_ns: int

    def is_known(self, row: Any) -> bool:
        """Whether a row of `track` has this file as it is."""
        return bool(
            row.state == "present"
            and (row.path_bytes, row.size, row.mtime_ns) == (self.path, self.size, self.mtime_ns)
        )

    def columns(self, moment: datetime) -> dict[str, Any]:
        """The columns of `track` that the file says. One that cannot be read is present all the same: its analysis
        will say what is wrong with it.
        """
        arrival = self._read()
        tags = arrival and arrival.tags
        return {
            "path": display_path(self.path),
            "path_bytes": self.path,
            "state": "present",
            "size": arrival.size if arrival else self.size,
            "mtime_ns": arrival.mtime_ns if arrival else self.mtime_ns,
            "file_signature": arrival and arrival.file_signature,
            "duration": tags and tags.duration,
            "codec": tags and tags.codec,
            "sample_rate": tags and tags.sample_rate,
            "channels": tags and tags.channels,
            "bit_rate": tags and tags.bit_rate,
            "seen_at": moment,
        }

    def _read(self) -> ScannedFile | None:
        try:
            return read_scanned_file(self.root, self.path)
        except (OSError, FileChangedWhileReadingError):
            return None


def find_links(audio: AudioRoot, numbers: Iterable[int]) -> dict[int, LinkedFile]:
    """The files of the tracks that have one, by the archive's id."""
    found = {}
    for number in numbers:
        for path in audio.paths(number):
            try:
                there = os.stat(os.path.join(audio.root, path))
            except OSError:
                continue
            if stat.S_ISREG(there.st_mode):
                found[number] = LinkedFile(audio.root, path, there.st_size, bounded(there.st_mtime_ns))
                break
    return found
