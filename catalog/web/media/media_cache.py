"""What is heard and seen of tracks: pictures, and MP3s block by block, as many as there is room for in memory."""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from catalog.audio.audio_error import AudioError
from catalog.web.media.audio_file import AudioFile
from catalog.web.media.byte_range import ByteRange
from catalog.web.media.excerpt import excerpt_of
from catalog.web.media.single_flight_cache import SingleFlightCache
from catalog.web.media.transcode import BLOCK_BYTES, encode_block, silent_block

if TYPE_CHECKING:
    from catalog.web.media.track_images import TrackImages

Version = tuple[int, int, int]

SIGHTS = 200
"""Tracks whose pictures are kept: 100 KB each."""
BLOCKS = 250
"""Blocks of MP3s that are kept: 192 KB, and 9.6 s, each."""
AT_ONCE = 2
"""Files looked at, and as many listened to, at the same time; more would slow each other down."""


class MediaCache:
    """Decodes what the page asks for, each piece once while it is kept."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        # Whoever listens does not wait for pictures, which take longer.
        self._looking = BoundedSemaphore(AT_ONCE)
        self._encoding = BoundedSemaphore(AT_ONCE)
        self._sights: SingleFlightCache[Version, TrackImages] = SingleFlightCache(SIGHTS)
        self._blocks: SingleFlightCache[tuple[Version, int], bytes] = SingleFlightCache(BLOCKS)

    def sight(self, sound: AudioFile) -> TrackImages:
        """What a track looks like. Raises AudioError."""
        from catalog.web.media.track_images import render_images  # half the time that the page takes to start

        def make() -> TrackImages:
            with self._looking:
                return render_images(sound.name, excerpt_of(sound.duration))

        return self._sights.get(sound.version, make)

    def recording(self, sound: AudioFile, wanted: ByteRange) -> Iterator[bytes]:
        """The bytes of the MP3 of the track's stretch, made as they are asked for.

        Raises AudioError, at once, where nothing can be heard at their beginning; what cannot be further on is silent.
        """
        first = self._block(sound, wanted.begin // BLOCK_BYTES)
        return self._parts(sound, wanted, first)

    def _parts(self, sound: AudioFile, wanted: ByteRange, block: bytes) -> Iterator[bytes]:
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
            except AudioError:
                block = silent_block(excerpt_of(sound.duration), number + 1)

    def _block(self, sound: AudioFile, number: int) -> bytes:
        def make() -> bytes:
            with self._encoding:
                return encode_block(sound.name, excerpt_of(sound.duration), number)

        return self._blocks.get((sound.version, number), make)
