"""The audio files of the Free Music Archive: `000/000002.mp3` below a folder is track 2."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import display_path
from catalog.collection.scan.file_tags import TAG_READER
from catalog.collection.scan.scanned_file import FileChangedWhileReadingError, ScannedFile, read_scanned_file


@dataclass(frozen=True, slots=True)
class AudioRoot:
    """The root of a collection, and the archive's folder below it (empty: the root itself)."""

    root: bytes
    start: bytes

    def paths(self, number: int) -> list[bytes]:
        """Possible paths of a track's file, relative to the root: in the archive's folders, or all in one folder."""
        names = (f"{number // 1000:03d}/{number:06d}.mp3".encode(), f"{number:06d}.mp3".encode())
        return [os.path.join(self.start, name) if self.start else name for name in names]


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """The file of a track. It is opened only if it is new or changed."""

    root: bytes
    path: bytes
    state: FileState

    def is_known(self, row: Any) -> bool:
        """Whether a row of `track` has this file, unchanged."""
        return bool(
            row.state == "present"
            and row.path_bytes == self.path
            and (row.size, row.mtime_ns, row.ctime_ns) == self.state.times
        )

    def columns(self, moment: datetime) -> dict[str, Any]:
        """The columns of `track` that the file gives.

        A file that cannot be read is present too; its analysis will report the error.
        """
        file = self._read()
        tags = file and file.tags
        return {
            "path": display_path(self.path),
            "path_bytes": self.path,
            "state": "present",
            **(file or self).state._asdict(),
            "tag_reader": TAG_READER,
            "file_signature": file and file.file_signature,
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


def find_linked_files(audio: AudioRoot, numbers: Iterable[int]) -> dict[int, LinkedFile]:
    """The files of the tracks that have one, by the archive's id."""
    files = {}
    for number in numbers:
        for path in audio.paths(number):
            try:
                status = os.stat(os.path.join(audio.root, path))
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                files[number] = LinkedFile(audio.root, path, FileState.of(status))
                break
    return files
