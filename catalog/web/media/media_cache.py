"""What is heard and seen of tracks: pictures, and MP3s block by block, as many as there is room for in memory."""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from catalog.audio.audio_error import AudioFailure
from catalog.web.media.audio_file import SoundFile
from catalog.web.media.byte_range import ByteRange
from catalog.web.media.excerpt import stretch_of
from catalog.web.media.single_flight_cache import Shelf
from catalog.web.media.transcode import BLOCK_BYTES, encode_block, silent_block

if TYPE_CHECKING:
    from catalog.web.media.track_images import Sight

Version = tuple[int, int, int]

SIGHTS = 200
"""Tracks whose pictures are kept: 100 KB each."""
BLOCKS = 250
"""Blocks of MP3s that are kept: 192 KB, and 9.6 s, each."""
AT_ONCE = 2
"""Files looked at, and as many listened to, at the same time; more would slow each other down."""


class Listening:
    """Decodes what the page asks for, each piece once while it is kept."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        # Whoever listens does not wait for pictures, which take longer.
        self._looking = BoundedSemaphore(AT_ONCE)
        self._encoding = BoundedSemaphore(AT_ONCE)
        self._sights: Shelf[Version, Sight] = Shelf(SIGHTS)
        self._blocks: Shelf[tuple[Version, int], bytes] = Shelf(BLOCKS)

    def sight(self, sound: SoundFile) -> Sight:
        """What a track looks like. Raises AudioFailure."""
        from catalog.web.media.track_images import look  # half the time that the page takes to start

        def make() -> Sight:
            with self._looking:
                return look(sound.name, stretch_of(sound.duration))

        return self._sights.get(sound.version, make)

    def recording(self, sound: SoundFile, wanted: ByteRange) -> Iterator[bytes]:
        """The bytes of the MP3 of the track's stretch, made as they are asked for.

        Raises AudioFailure, at once, where nothing can be heard at their beginning; what cannot be further on is silent.
        """
        first = self._block(sound, wanted.begin // BLOCK_BYTES)
        return self._parts(sound, wanted, first)

    def _parts(self, sound: SoundFile, wanted: ByteRange, block: bytes) -> Iterator[bytes]:
        place = wanted.begin
        while True:
            number, within = divmod(place, BLOCK_BYTES)
            part = block[within : within + wanted.end - place]
            yield part
            place += len(part)
            if place >= wanted.end:
                return
            try:
                block = self._block(sound, number + 1)
            except AudioFailure:
                block = silent_block(stretch_of(sound.duration), number + 1)

    def _block(self, sound: SoundFile, number: int) -> bytes:
        def make() -> bytes:
            with self._encoding:
                return encode_block(sound.name, stretch_of(sound.duration), number)

        return self._blocks.get((sound.version, number), make)
