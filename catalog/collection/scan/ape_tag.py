"""Reads APEv2 tags item by item, so that a bad item does not hide the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from catalog.collection.scan.id3 import find_id3v1
from catalog.collection.scan.legacy_text import LegacyText
from catalog.collection.scan.tag_fields import APE, FileTags, tags_from

MAX_TAG = 16 * 2**20
"""Maximum bytes of a tag that is read, with its pictures."""
MAX_ITEMS = 1000

_FOOTER = 32
_LYRICS = 15
"""Bytes of the end of a Lyrics3v2 tag: a size of six digits, then `LYRICS200`."""


def read_ape_tag(file: BinaryIO, text: LegacyText) -> FileTags:
    """The APEv2 tag at the end of a file, before ID3v1 and Lyrics3v2 if they are there; else the one at its start."""
    values: dict[str, list[str]] = {}
    for key, value in _items(_content(file)):
        values.setdefault(key, []).extend(text.decode_utf8(part) for part in value.split(b"\0"))
    return tags_from(lambda key: values.get(key, []), APE, "ape")


def _content(file: BinaryIO) -> bytes:
    """The items of the tag; empty if there is no tag."""
    end = file.seek(0, 2)
    if (id3v1 := find_id3v1(file)) is not None:
        end = id3v1
        lyrics = _read_at(file, end - _LYRICS, _LYRICS)
        if lyrics.endswith(b"LYRICS200") and lyrics[:6].isdigit():
            end -= _LYRICS + int(lyrics[:6])
    footer = _read_at(file, end - _FOOTER, _FOOTER)
    if footer.startswith(b"APETAGEX"):
        size = min(int.from_bytes(footer[12:16], "little"), end)
        return _read_at(file, end - size, min(size - _FOOTER, MAX_TAG))
    header = _read_at(file, 0, _FOOTER)
    if header.startswith(b"APETAGEX"):
        return file.read(min(int.from_bytes(header[12:16], "little"), MAX_TAG))
    return b""


def _read_at(file: BinaryIO, start: int, size: int) -> bytes:
    if start < 0 or size <= 0:
        return b""
    file.seek(start)
    return file.read(size)


def _items(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Keys in lower case and values of the text items."""
    place = 0
    for _ in range(MAX_ITEMS):
        size = int.from_bytes(data[place : place + 4], "little")
        flags = int.from_bytes(data[place + 4 : place + 8], "little")
        key_end = data.find(b"\0", place + 8)
        if key_end < 0:
            return
        value = data[key_end + 1 : key_end + 1 + size]
        if not flags & 6:
            yield data[place + 8 : key_end].decode("latin-1").lower(), value
        place = key_end + 1 + size
