"""Replaces the genre frame of an ID3v2 tag and keeps every other byte of the tag.

mutagen is not used for this: it writes version 2.2 as 2.4, removes flags and unsynchronization, and renders all frames
again. The layout is that of id3.org's "ID3 tag version 2.2", "2.3.0" and "2.4.0 - Main Structure".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mutagen.id3 import Frames, _tags

from catalog.writeback.formats.tag_format import TagFormatError

LATIN_1, UTF_16, UTF_16_BE, UTF_8 = range(4)
"""The first byte of a text frame."""

UNSYNCHRONIZED = 0x80
HEADER = 10
EMPTY_TAG = b"ID3\x03\x00\x00\x00\x00\x00\x00"
"""An empty tag of version 2.3, which every player reads."""

# iTunes wrote plain numbers where version 2.4 requires seven bits per byte. Untyped in mutagen.
sizes_of: Callable[..., Any] = _tags.determine_bpi

_MAX_SIZE = 2**28 - 1
_FRAME_NAME = re.compile(rb"[A-Z][A-Z0-9]{2,3}")


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame, byte for byte."""

    name: bytes
    raw: bytes
    """The frame with its header."""
    body: bytes

    @property
    def is_compressed(self) -> bool:
        """Whether the body is compressed: a small frame may unpack to gigabytes."""
        # Version 2.3 has the flag 0x80, version 2.4 the flag 0x08; neither uses the other one.
        return len(self.name) == len(b"TCON") and bool(self.raw[9] & 0x88)


@dataclass(frozen=True, slots=True)
class RawTag:
    """A parsed ID3v2 tag."""

    version: int
    """2, 3 or 4."""
    flags: int
    revision: int
    frames: tuple[RawFrame, ...]
    rest: bytes
    """The bytes after the last frame, usually zeros."""
    size: int
    """Size of the whole tag in bytes."""

    @property
    def genre_name(self) -> bytes:
        """The name of the genre frame in this version."""
        return b"TCO" if self.version == 2 else b"TCON"

    @property
    def genre(self) -> RawFrame | None:
        """The first genre frame."""
        return next((frame for frame in self.frames if frame.name == self.genre_name), None)

    @property
    def others(self) -> list[bytes]:
        """All other frames, and the bytes after the last frame unless they are padding."""
        rest = [self.rest] if self.rest.strip(b"\0") else []
        return [frame.raw for frame in self.frames if frame.name != self.genre_name] + rest


def tag_size(beginning: bytes) -> int:
    """Size in bytes of the ID3v2 tag at the start of `beginning`, with its header; 0 if there is none."""
    if beginning[:3] != b"ID3" or len(beginning) < HEADER:
        return 0
    footer = HEADER if beginning[3] == 4 and beginning[5] & 0x10 else 0
    return _syncsafe(beginning[6:10]) + HEADER + footer


def parse_tag(data: bytes) -> RawTag:
    """Parses a whole tag. Raises TagFormatError for a tag that could only be written by rendering all of it again."""
    version, revision, flags = data[3:6]
    if version not in (2, 3, 4):
        raise TagFormatError(f"ID3v2.{version} is not supported")
    if flags & ~UNSYNCHRONIZED & (0xFF if version != 3 else 0xDF):
        raise TagFormatError("its ID3 tag has an extended header or a footer, which is not supported")
    body = data[HEADER:]
    if version < 4 and flags & UNSYNCHRONIZED:
        plain = body.replace(b"\xff\x00", b"\xff")
        if _unsynchronized(plain) != body:
            raise TagFormatError("its ID3 tag has invalid unsynchronization")
        body = plain
    frames, end = _frames(body, version)
    return RawTag(version, flags, revision, frames, body[end:], len(data))


def with_genre(tag: RawTag, values: Sequence[str]) -> bytes:
    """The whole tag with other values of the genre; no values remove the frame.

    The tag keeps its size if there is room. Otherwise it grows and keeps the length of its padding.
    """
    old = tag.genre
    new = _genre_frame(tag, old, list(values)) if values else b""
    parts: list[bytes] = []
    for frame in tag.frames:
        if frame.name != tag.genre_name:
            parts.append(frame.raw)
        elif frame is old:
            parts.append(new)
    if old is None:
        parts.append(new)
    return _assembled(tag, b"".join(parts))


def _assembled(tag: RawTag, frames: bytes) -> bytes:
    is_padding = not tag.rest.strip(b"\0")
    has_encoding = tag.version < 4 and tag.flags & UNSYNCHRONIZED
    rest = b"" if is_padding else tag.rest
    body = frames + rest
    stored = _unsynchronized(body) if has_encoding else body
    room = tag.size - HEADER - len(stored)
    padding = room if room >= 0 and is_padding else (len(tag.rest) if is_padding else 0)
    size = len(stored) + padding
    if size > _MAX_SIZE:
        raise TagFormatError("its ID3 tag would exceed the maximum size of 256 MB")
    header = struct.pack(">3sBBB", b"ID3", tag.version, tag.revision, tag.flags)
    return header + _as_syncsafe(size) + stored + bytes(padding)


def _frames(body: bytes, version: int) -> tuple[tuple[RawFrame, ...], int]:
    """The frames, and the offset of the end of the last one."""
    head, name_size = (6, 3) if version == 2 else (10, 4)
    plain_sizes = version == 4 and sizes_of(body, Frames) is int
    frames = []
    offset = 0
    while offset + head <= len(body):
        name = body[offset : offset + name_size]
        if len(name) != name_size or not _FRAME_NAME.fullmatch(name):
            break
        size_bytes = body[offset + name_size : offset + 2 * name_size]
        is_plain = version < 4 or plain_sizes
        size = int.from_bytes(size_bytes, "big") if is_plain else _syncsafe(size_bytes)
        end = offset + head + size
        if end > len(body):
            break
        frames.append(RawFrame(name, body[offset:end], body[offset + head : end]))
        offset = end
    return tuple(frames), offset


def _genre_frame(tag: RawTag, old: RawFrame | None, values: list[str]) -> bytes:
    is_plain = old is not None and (tag.version == 2 or old.raw[9] == 0) and bool(old.body)
    before = old.body if old is not None and is_plain else b""
    encoding = before[0] if before[:1] and before[0] <= UTF_8 else LATIN_1
    body = _text(encoding, before, values)
    if body is None:
        # Latin-1 lacks a character.
        encoding = UTF_8 if tag.version == 4 else UTF_16
        body = _text(encoding, b"", values)
    if tag.version == 4 and tag.flags & UNSYNCHRONIZED and encoding in (UTF_16, UTF_16_BE):
        # A byte order mark looks like the start of an audio frame and would have to be escaped.
        body = _text(UTF_8, b"", values)
    assert body is not None, "every encoding but Latin-1 encodes any text"
    if tag.version == 2:
        return b"TCO" + len(body).to_bytes(3, "big") + body
    size = _as_syncsafe(len(body)) if tag.version == 4 else struct.pack(">L", len(body))
    status = old.raw[8:9] if old is not None else b"\0"
    return b"TCON" + size + status + b"\0" + body


def _text(encoding: int, before: bytes, values: list[str]) -> bytes | None:
    """The body of a text frame, with the former byte order and terminator; None if the encoding lacks a character."""
    codec, mark = {
        LATIN_1: ("latin-1", b""),
        UTF_16: ("utf-16-be", b"\xfe\xff") if before[1:3] == b"\xfe\xff" else ("utf-16-le", b"\xff\xfe"),
        UTF_16_BE: ("utf-16-be", b""),
        UTF_8: ("utf-8", b""),
    }[encoding]
    try:
        # Each text has its own byte order mark; without it a reader would have to guess.
        encoded = [mark + value.encode(codec) for value in values]
    except UnicodeEncodeError:
        return None
    end = b"\0\0" if encoding in (UTF_16, UTF_16_BE) else b"\0"
    ended = before.endswith(end) and len(before) > 1
    return bytes([encoding]) + end.join(encoded) + (end if ended else b"")


def _syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def _as_syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def _unsynchronized(body: bytes) -> bytes:
    """The body without bytes that look like the start of an audio frame (ID3v2.3.0, section 5)."""
    escaped = re.sub(rb"\xff(?=[\xe0-\xff\x00])", b"\xff\x00", body)
    return escaped + b"\0" if escaped.endswith(b"\xff") else escaped
