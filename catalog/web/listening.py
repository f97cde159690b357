"""What is heard and seen of tracks: pictures in memory and MP3s in a folder of this run, as many as there is room for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from catalog.web.shelf import Shelf
from catalog.web.sound_file import SoundFile
from catalog.web.stretch import stretch_of
from catalog.web.transcode import write_mp3

if TYPE_CHECKING:
    from catalog.web.sight import Sight

Version = tuple[int, int, int]

SIGHTS = 200
"""Tracks whose pictures are kept: 100 KB each."""
RECORDINGS = 24
"""MP3s that are kept: 12 MB each at most."""
AT_ONCE = 2
"""Files decoded at the same time; more would slow each other down."""


class Listening:
    """Decodes what the page asks for, each file once while it is kept."""

    def __init__(self) -> None:
        """Makes a private folder; `close` removes it."""
        self._folder = tempfile.TemporaryDirectory(prefix="catalog-review-", ignore_cleanup_errors=True)
        self._turns = BoundedSemaphore(AT_ONCE)
        self._sights: Shelf[Version, Sight] = Shelf(SIGHTS)
        self._recordings: Shelf[Version, Path] = Shelf(
            RECORDINGS, drop=lambda path: path.unlink(missing_ok=True)
        )

    def sight(self, sound: SoundFile) -> Sight:
        """What a track looks like. Raises AudioFailure."""
        from catalog.web.sight import look  # half the time that the page takes to start

        def make() -> Sight:
            with self._turns:
                return look(sound.name, stretch_of(sound.duration))

        return self._sights.get(sound.version, make)

    def recording(self, sound: SoundFile) -> Path:
        """The track's stretch as an MP3. Raises AudioFailure, and OSError where the disk is full."""

        def make() -> Path:
            target = Path(self._folder.name) / "{}-{}-{}.mp3".format(*sound.version)
            with self._turns:
                write_mp3(sound.name, stretch_of(sound.duration), target)
            return target

        return self._recordings.get(sound.version, make)

    def close(self) -> None:
        """Removes the folder."""
        self._folder.cleanup()
