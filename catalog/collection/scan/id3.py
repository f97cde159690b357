"""Reading of ID3 tags verbatim, with limits on time and memory."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.id3 import ID3, Frames, Frames_2_2, ID3JunkFrameError, ParseID3v1

from catalog.errors import CatalogError

Frame = Any

MAX_COMPRESSED = 4096
"""Maximum size in bytes of a compressed text frame; a larger one could unpack to gigabytes."""
MAX_FRAMES = 5000
MAX_TAG = 16 * 2**20
"""Maximum bytes of a tag that is read without the help of mutagen."""
MAX_TAGS = 4
V1_SIZE = 128
"""Bytes of an ID3v1 tag."""
SMALL_TAG = 256 * 1024
"""Size in bytes up to which the number of frames does not matter."""

_COMPRESSED = 0x0008 | 0x0080
"""The compression flags of ID3v2.4 and v2.3."""
_TEXTS = ("TIT2", "TPE1", "TPE2", "TALB", "TCON", "TRCK", "TDRC", "TYER", "TDRL", "TDOR", "TORY")
_TEXTS_2_2 = ("TT2", "TP1", "TP2", "TAL", "TCO", "TRK", "TYE", "TOR")


_UNSYNCHRONIZED = 0x80
_EXTENDED = 0x40
_FOOTER = 0x10

# Untyped in mutagen.
open_id3: Callable[..., Any] = ID3


class TooManyFramesError(CatalogError):
    """The ID3 tag has more than MAX_FRAMES frames; reading it could take hours."""


class _LimitedFrame:
    @classmethod
    def _fromData(cls, header: Any, flags: int, data: bytes) -> Frame:  # noqa: N802 - mutagen's name
        if flags & _COMPRESSED and len(data) > MAX_COMPRESSED:
            raise ID3JunkFrameError("compressed, and too large")
        return super()._fromData(header, flags, data)  # type: ignore[misc]


def _text_frames() -> dict[str, type[Frame]]:
    """The frames that are read, for mutagen's `known_frames`: texts and no pictures."""
    frames: dict[str, type[Frame]] = {name: type(name, (_LimitedFrame, Frames[name]), {}) for name in _TEXTS}
    return frames | {name: Frames_2_2[name] for name in _TEXTS_2_2}


VERBATIM_OPTIONS: dict[str, Any] = {"known_frames": _text_frames(), "translate": False, "load_v1": False}
"""Options of mutagen's readers that leave `(17)` and version 2.2 unchanged."""


def require_few_frames(stream: BinaryIO) -> None:
    """Raises TooManyFramesError if the tag at the start of the file has more than MAX_FRAMES frames.

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
    if (
        max(_count_frames(data, header[3], syncsafe=False), _count_frames(data, header[3], syncsafe=True))
        > MAX_FRAMES
    ):
        raise TooManyFramesError("the ID3 tag has thousands of frames and is not read")


def read_leading_id3(stream: BinaryIO) -> Iterator[Any]:
    """The ID3v2 tags at the start of a file, one after the other; a program may have put another one before the first.

    Tags with an invalid header are read as far as they make sense. Raises TooManyFramesError.
    """
    place = 0
    for _ in range(MAX_TAGS):
        stream.seek(place)
        header = stream.read(10)
        if header[:3] != b"ID3" or len(header) < 10:
            return
        size = _syncsafe(header[6:10])
        body = stream.read(min(size, MAX_TAG))
        length = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
        for flags in dict.fromkeys((header[5] & (_UNSYNCHRONIZED | _EXTENDED), header[5] & _UNSYNCHRONIZED)):
            tag = BytesIO(b"ID3" + bytes([min(header[3], 4), 0, flags]) + length + body)
            require_few_frames(tag)
            tag.seek(0)
            try:
                yield open_id3(tag, **VERBATIM_OPTIONS)
            except (MutagenError, ValueError, struct.error):
                continue
            break
        place += 10 + size + (10 if header[5] & _FOOTER else 0)


def find_id3v1(stream: BinaryIO) -> int | None:
    """The offset of the ID3v1 tag in the last 128 bytes; None if there is none.

    The three letters of its identifier are also in that of APEv2: an APE tag may begin 131 bytes before the end.
    """
    end = stream.seek(0, 2)
    if end < V1_SIZE:
        return None
    before = min(3, end - V1_SIZE)
    stream.seek(-V1_SIZE - before, 2)
    data = stream.read(before + 5)
    is_ape = data == b"APETAGEX"
    return end - V1_SIZE if data[before : before + 3] == b"TAG" and not is_ape else None


def read_id3v1(stream: BinaryIO) -> dict[str, Frame]:
    """The ID3v1 tag in the last 128 bytes as frames by name; empty if there is none."""
    start = find_id3v1(stream)
    if start is None:
        return {}
    stream.seek(start)
    parse: Callable[[bytes], dict[str, Frame] | None] = ParseID3v1
    return parse(stream.read(V1_SIZE)) or {}


def _count_frames(data: bytes, version: int, *, syncsafe: bool) -> int:
    head, name = (10, 4) if version >= 3 else (6, 3)
    offset = frames = 0
    while offset + head <= len(data) and frames <= MAX_FRAMES and data[offset : offset + name].strip(b"\0"):
        if version < 3:
            size = int.from_bytes(data[offset + 3 : offset + 6], "big")
        elif syncsafe:
            size = _syncsafe(data[offset + 4 : offset + 8])
        else:
            (size,) = struct.unpack_from(">L", data, offset + 4)
        offset += head + size
        frames += 1
    return frames


def _syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
