"""Reads the tags of Matroska and WebM, which name an album and a track at different levels.

FFmpeg gives one value of each name, and the title of the album as that of the track. Source: RFC 9559 and the Matroska
tag specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from catalog.collection.scan.tag_fields import FFMPEG, FileTags, tags_from

MAX_ELEMENT = 16 * 2**20
"""Maximum bytes of the element with all tags; pictures are elsewhere."""
MAX_ELEMENTS = 20_000
ALBUM_LEVEL = 50
"""The target level of albums; higher ones are of collections, lower ones of tracks."""

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_INFO, _INFO_TITLE = 0x1549A966, 0x7BA9
_TAGS, _TAG, _TARGETS, _TARGET_LEVEL = 0x1254C367, 0x7373, 0x63C0, 0x68CA
_SIMPLE_TAG, _TAG_NAME, _TAG_TEXT = 0x67C8, 0x45A3, 0x4487


def read_matroska_tag(file: BinaryIO) -> FileTags:
    """The tags of a Matroska or WebM file up to the first element of unknown size."""
    file.seek(0)
    values: dict[str, list[str]] = {}
    titles = []
    if _number(file, keep_marker=True) != _EBML:
        return FileTags()
    file.seek(_number(file) or 0, 1)
    if _number(file, keep_marker=True) != _SEGMENT:
        return FileTags()
    _number(file)
    for identifier, data in _elements(file, frozenset({_INFO, _TAGS})):
        children = list(_elements(BytesIO(data)))
        titles += [_text(child) for kind, child in children if kind == _INFO_TITLE and identifier == _INFO]
        for kind, child in children:
            if kind == _TAG and identifier == _TAGS:
                for key, value in _tag(child):
                    values.setdefault(key, []).append(value)
    values.setdefault("title", []).extend(titles)
    if "genre" in values:
        values.pop("album/genre", None)
    return tags_from(lambda key: values.get(key, []), FFMPEG, "matroska")


def _tag(data: bytes) -> Iterator[tuple[str, str]]:
    """Keys and values of one tag; keys of an album begin with `album/`, as FFmpeg's do."""
    children = list(_elements(BytesIO(data)))
    targets = [target for kind, child in children if kind == _TARGETS for target in _elements(BytesIO(child))]
    levels = [int.from_bytes(child, "big") for kind, child in targets if kind == _TARGET_LEVEL]
    prefix = "album/" if levels and levels[0] >= ALBUM_LEVEL else ""
    for kind, child in children:
        if kind == _SIMPLE_TAG:
            parts = dict(_elements(BytesIO(child)))
            if _TAG_TEXT in parts:
                yield prefix + _text(parts.get(_TAG_NAME, b"")).lower(), _text(parts[_TAG_TEXT])


def _elements(file: BinaryIO, wanted: frozenset[int] | None = None) -> Iterator[tuple[int, bytes]]:
    """Identifiers and contents of the elements from the file's position; all, or those that are wanted."""
    for _ in range(MAX_ELEMENTS):
        identifier, size = _number(file, keep_marker=True), _number(file)
        if identifier is None or size is None:
            return
        start = file.tell()
        if wanted is None or identifier in wanted:
            yield identifier, file.read(min(size, MAX_ELEMENT))
        file.seek(start + size)


def _number(file: BinaryIO, *, keep_marker: bool = False) -> int | None:
    """A number of variable length; None at the end, and for the number that means an unknown size."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    data = first + file.read(length - 1)
    if len(data) < length:
        return None
    value = int.from_bytes(data, "big")
    if keep_marker:
        return value
    limit = 1 << 7 * length
    return None if value == 2 * limit - 1 else value - limit


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")
