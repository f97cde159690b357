"""Reads the attributes of Windows Media files one by one, so that a bad one does not hide the others."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from catalog.collection.scan.tag_fields import ASF, FileTags, tags_from

MAX_HEADER = 16 * 2**20
"""Maximum bytes of a header that is read, with its pictures."""
MAX_ATTRIBUTES = 1000

# The identifiers of header objects, by the names in the ASF specification.
_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_CONTENT_DESCRIPTION = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
_EXTENDED_CONTENT_DESCRIPTION = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_HEADER_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_METADATA = bytes.fromhex("eacbf8c5af5b77488467aa8c44fa4cca")
_METADATA_LIBRARY = bytes.fromhex("941c23449894d149a1411d134e457054")
_TEXT, _NUMBERS = 0, frozenset({3, 4, 5})


def read_asf_tag(file: BinaryIO) -> FileTags:
    """The attributes of an ASF file that can be read."""
    file.seek(0)
    header = file.read(30)
    if header[:16] != _HEADER:
        return FileTags()
    values: dict[str, list[str]] = {}
    attributes = _attributes(file.read(min(_number(header[16:24]), MAX_HEADER)))
    for _, key, value in sorted(attributes, key=lambda attribute: attribute[0]):
        values.setdefault(key, []).append(value)
    return tags_from(lambda key: values.get(key, []), ASF, "asf")


def _attributes(objects: bytes) -> Iterator[tuple[int, str, str]]:
    """Rank, name and value of each attribute in the objects of a header.

    The second value of a name is in an object of the next rank, which may come first in the file.
    """
    place = 0
    while place + 24 <= len(objects):
        size = max(24, _number(objects[place + 16 : place + 24]))
        body = BytesIO(objects[place + 24 : place + size])
        identifier = objects[place : place + 16]
        if identifier == _CONTENT_DESCRIPTION:
            lengths = [_number(body.read(2)) for _ in range(5)]
            yield 0, "Title", _text(body.read(lengths[0]))
            yield 0, "Author", _text(body.read(lengths[1]))
        elif identifier == _EXTENDED_CONTENT_DESCRIPTION:
            yield from ((1, *attribute) for attribute in _extended(body))
        elif identifier in {_METADATA, _METADATA_LIBRARY}:
            yield from ((2, *attribute) for attribute in _library(body))
        elif identifier == _HEADER_EXTENSION:
            yield from _attributes(body.read()[22:])
        place += size


def _extended(body: BytesIO) -> Iterator[tuple[str, str]]:
    for _ in range(min(_number(body.read(2)), MAX_ATTRIBUTES)):
        name = _text(body.read(_number(body.read(2))))
        kind = _number(body.read(2))
        yield from _value(name, kind, body.read(_number(body.read(2))))


def _library(body: BytesIO) -> Iterator[tuple[str, str]]:
    for _ in range(min(_number(body.read(2)), MAX_ATTRIBUTES)):
        body.read(4)  # language and stream
        name_size, kind, size = _number(body.read(2)), _number(body.read(2)), _number(body.read(4))
        name = _text(body.read(name_size))
        yield from _value(name, kind, body.read(size))


def _value(name: str, kind: int, data: bytes) -> Iterator[tuple[str, str]]:
    if kind == _TEXT:
        yield name, _text(data)
    elif kind in _NUMBERS:
        yield name, str(_number(data))


def _text(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").rstrip("\0")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
