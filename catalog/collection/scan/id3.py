"""ID3 tags, read verbatim and within bounds of time and memory."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from mutagen.id3 import Frames, Frames_2_2, ID3JunkFrameError, ParseID3v1

from catalog.errors import CatalogError

Frame = Any

LARGEST_COMPRESSED = 4096
"""Bytes of a compressed text frame; more could unpack to gigabytes, and nobody compresses titles."""
MOST_FRAMES = 5000
SMALL_TAG = 256 * 1024
"""Bytes up to which the number of frames does not matter."""

_COMPRESSED = 0x0008 | 0x0080
"""The flag of compression, as ID3v2.4 and v2.3 have it."""
_TEXTS = ("TIT2", "TPE1", "TPE2", "TALB", "TCON", "TRCK", "TDRC", "TYER", "TDRL", "TDOR", "TORY")
_TEXTS_2_2 = ("TT2", "TP1", "TP2", "TAL", "TCO", "TRK", "TYE", "TOR")


class TooManyFramesError(CatalogError):
    """The ID3 tag has more frames than any tag needs: reading it would take for ever."""


class _Bounded:
    @classmethod
    def _fromData(cls, header: Any, flags: int, data: bytes) -> Frame:  # noqa: N802 - mutagen's name
        if flags & _COMPRESSED and len(data) > LARGEST_COMPRESSED:
            raise ID3JunkFrameError("compressed, and too large")
        return super()._fromData(header, flags, data)  # type: ignore[misc]


def wanted_frames() -> dict[str, type[Frame]]:
    """The frames that are read, for mutagen's `known_frames`: texts, no pictures."""
    frames: dict[str, type[Frame]] = {name: type(name, (_Bounded, Frames[name]), {}) for name in _TEXTS}
    return frames | {name: Frames_2_2[name] for name in _TEXTS_2_2}


WANTED_FRAMES = wanted_frames()
AS_WRITTEN: dict[str, Any] = {"known_frames": WANTED_FRAMES, "translate": False, "load_v1": False}
"""Options of mutagen's readers that leave `(17)` and version 2.2 as they are."""


def require_few_frames(stream: BinaryIO) -> None:
    """Raises TooManyFramesError where the tag at the beginning of the file is made to be slow.

    mutagen copies the rest of the tag for each frame, so that 16 MB of tiny frames take hours.
    """
    stream.seek(0)
    header = stream.read(10)
    if header[:3] != b"ID3" or len(header) < 10:
        return
    size = _syncsafe(header[6:10])
    if size <= SMALL_TAG:
        return
    data = stream.read(size)
    if header[5] & 0x80:
        data = data.replace(b"\xff\x00", b"\xff")
    if max(_steps(data, header[3], syncsafe=False), _steps(data, header[3], syncsafe=True)) > MOST_FRAMES:
        raise TooManyFramesError("the ID3 tag has thousands of frames and is not read")


def read_id3v1(stream: BinaryIO) -> dict[str, Frame]:
    """The ID3v1 tag in the last 128 bytes as frames by name; empty where there is none."""
    stream.seek(0, 2)
    if stream.tell() < 128:
        return {}
    stream.seek(-128, 2)
    data = stream.read(128)
    parse: Callable[[bytes], dict[str, Frame] | None] = ParseID3v1
    return parse(data) or {} if data.startswith(b"TAG") else {}


def _steps(data: bytes, version: int, *, syncsafe: bool) -> int:
    head, name = (10, 4) if version >= 3 else (6, 3)
    at = steps = 0
    while at + head <= len(data) and steps <= MOST_FRAMES and data[at : at + name].strip(b"\0"):
        if version < 3:
            size = int.from_bytes(data[at + 3 : at + 6], "big")
        elif syncsafe:
            size = _syncsafe(data[at + 4 : at + 8])
        else:
            (size,) = struct.unpack_from(">L", data, at + 4)
        at += head + size
        steps += 1
    return steps


def _syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
