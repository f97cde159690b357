"""Memory cache of track images and MP3 blocks: a thread-safe LRU cache with single-flight loading."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from catalog.audio.audio_error import AudioError
from catalog.web.media.audio_file import AudioFile
from catalog.web.media.byte_range import ByteRange
from catalog.web.media.excerpt import excerpt_of
from catalog.web.media.transcode import BLOCK_BYTES, encode_block, silent_block

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlightCache(Generic[Key, Value]):
    """At most `most` values by key. Concurrent requests for a key load its value once and share it."""

    def __init__(self, most: int) -> None:
        """Creates an empty cache."""
        self._most = most
        self._lock = Lock()
        self._futures: OrderedDict[Key, Future[Value]] = OrderedDict()

    def get(self, key: Key, load: Callable[[], Value]) -> Value:
        """The cached value, or the result of `load`, whose exceptions reach all waiting threads and are not cached."""
        with self._lock:
            future = self._futures.get(key)
            is_new = future is None
            if future is None:
                future = self._futures[key] = Future()
            self._futures.move_to_end(key)
        if is_new:
            try:
                future.set_result(load())
            except BaseException as error:  # noqa: BLE001 - all waiting threads must get it
                future.set_exception(error)
                with self._lock:
                    self._futures.pop(key, None)
            self._evict()
        return future.result()

    def _evict(self) -> None:
        with self._lock:
            ready = [key for key, future in self._futures.items() if future.done()]
            for key in ready[: max(0, len(self._futures) - self._most)]:
                del self._futures[key]


if TYPE_CHECKING:
    from catalog.web.media.track_images import TrackImages

Version = tuple[int, int, int]

CACHED_IMAGES = 200
"""Tracks with cached images, 100 KB each."""
CACHED_BLOCKS = 250
"""Cached MP3 blocks of 192 KB and 9.6 s each."""
CONCURRENT = 2
"""Files rendered at the same time, and files encoded at the same time; more slow each other down."""


class MediaCache:
    """Renders images and encodes MP3 blocks on demand, each once while it is cached."""

    def __init__(self) -> None:
        """Creates an empty cache."""
        # Separate limits: playback does not wait for images, which take longer.
        self._rendering = BoundedSemaphore(CONCURRENT)
        self._encoding = BoundedSemaphore(CONCURRENT)
        self._images: SingleFlightCache[Version, TrackImages] = SingleFlightCache(CACHED_IMAGES)
        self._blocks: SingleFlightCache[tuple[Version, int], bytes] = SingleFlightCache(CACHED_BLOCKS)

    def images(self, file: AudioFile) -> TrackImages:
        """Waveform and spectrogram of a track. Raises AudioError."""
        from catalog.web.media.track_images import render_images  # takes half of the start time of the page

        def load() -> TrackImages:
            with self._rendering:
                return render_images(file.name, excerpt_of(file.duration))

        return self._images.get(file.version, load)

    def recording(self, file: AudioFile, byte_range: ByteRange) -> Iterator[bytes]:
        """The bytes of the MP3 of the track's excerpt, encoded on demand.

        Raises AudioError if the first block cannot be decoded; later blocks that cannot be decoded are silent.
        """
        first = self._block(file, byte_range.begin // BLOCK_BYTES)
        return self._parts(file, byte_range, first)

    def _parts(self, file: AudioFile, byte_range: ByteRange, block: bytes) -> Iterator[bytes]:
        place = byte_range.begin
        while True:
            number, within = divmod(place, BLOCK_BYTES)
            part = block[within : within + byte_range.end - place]
            yield part
            place += len(part)
            if place >= byte_range.end:
                return
            try:
                block = self._block(file, number + 1)
            except AudioError:
                block = silent_block(excerpt_of(file.duration), number + 1)

    def _block(self, file: AudioFile, number: int) -> bytes:
        def load() -> bytes:
            with self._encoding:
                return encode_block(file.name, excerpt_of(file.duration), number)

        return self._blocks.get((file.version, number), load)
