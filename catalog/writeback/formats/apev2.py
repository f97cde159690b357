"""Replaces the genre item of an APE tag at the end of a file and keeps every other item verbatim.

The layout is that of the Hydrogenaudio Knowledgebase, "APEv2 specification".
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from mutagen._util import resize_bytes

from catalog.collection.scan.id3 import find_id3v1
from catalog.writeback.formats.tag_contents import FRONT_COVER, NO_CONTENTS, TagContents, picture_of
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError

_FRAME = struct.Struct("<8sLLLL8s")
"""Header and footer: magic, version, size of items and footer, number of items, flags, reserved."""
_MAGIC = b"APETAGEX"
_HAS_HEADER, _IS_HEADER = 1 << 31, 1 << 29
_IS_TEXT, _KIND_MASK = 0, 6
_MAX_SIZE = 64 * 2**20
_LYRICS_END = b"LYRICS200"

_NAMES = {"album artist": "albumartist", "year": "date", "track": "tracknumber", "disc": "discnumber"}
_KEYS = {name: key.title() for key, name in _NAMES.items()}
_COVERS = {"cover art (front)": FRONT_COVER, "cover art (back)": FRONT_COVER + 1}


class Item(NamedTuple):
    """An item of the tag."""

    key: str
    flags: int
    value: bytes

    @property
    def is_genre(self) -> bool:
        """Whether the item is the genre; keys ignore case."""
        return self.key.lower() == "genre"

    def render(self) -> bytes:
        """The item as bytes."""
        key = self.key.encode("latin-1")
        return struct.pack("<LL", len(self.value), self.flags) + key + b"\0" + self.value


@dataclass(frozen=True, slots=True)
class ApeTag:
    """A parsed tag with its place in the file."""

    start: int
    end: int
    version: int
    has_header: bool
    items: tuple[Item, ...]


class ApeFormat(TagFormat):
    """An APEv2 tag at the end of a file, before an ID3v1 tag."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has an APE tag."""
        return _find(stream) is not None

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts and covers of the tag."""
        tag = _find(stream)
        return NO_CONTENTS if tag is None else _contents(tag)

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether the tag has a genre item."""
        tag = _find(stream)
        return tag is not None and any(item.is_genre for item in tag.items)

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other items, verbatim and in order."""
        tag = _find(stream)
        return [] if tag is None else [item for item in tag.items if not item.is_genre]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre item at its position."""
        tag = _find(stream)
        if tag is None:
            start = _tail(stream)
            tag = ApeTag(start, start, 2000, has_header=True, items=())
        old = next((item for item in tag.items if item.is_genre), None)
        genre = [Item(old.key if old else "Genre", _IS_TEXT, _encoded(values, tag.version))] if values else []
        items: list[Item] = []
        for item in tag.items:
            if item is old:
                items += genre
            elif not item.is_genre:
                items.append(item)
        added = [*_items(additions), *([] if old else genre)]
        data = _rendered(tag, [*items, *added])
        resize_bytes(stream, tag.end - tag.start, len(data), tag.start)
        stream.seek(tag.start)
        stream.write(data)


def tags_start(stream: BinaryIO) -> int:
    """The offset of the APE, Lyrics3 and ID3v1 tags at the end of a file; its size if there are none."""
    tag = _find(stream)
    return _tail(stream) if tag is None else tag.start


def _encoded(values: Sequence[str], version: int) -> bytes:
    if version >= 2000:
        return "\0".join(values).encode()
    try:
        return "; ".join(values).encode("latin-1")
    except UnicodeEncodeError:
        raise TagFormatError("its APEv1 tag cannot hold the characters of the genre") from None


def _contents(tag: ApeTag) -> TagContents:
    texts: dict[str, list[str]] = {}
    pictures = []
    for item in tag.items:
        key = item.key.lower()
        if key in _COVERS:
            name, _, data = item.value.partition(b"\0")
            pictures.append(picture_of(data, _COVERS[key], name.decode("utf-8", "replace")))
        elif item.flags & _KIND_MASK == _IS_TEXT and not item.is_genre:
            text = item.value.decode("utf-8" if tag.version >= 2000 else "latin-1", "replace")
            texts[_NAMES.get(key, key)] = text.rstrip("\0").split("\0")
    return TagContents(texts, tuple(pictures))


def _items(contents: TagContents) -> list[Item]:
    items = [
        Item(_KEYS.get(name, name.title()), _IS_TEXT, "\0".join(values).encode())
        for name, values in contents.texts.items()
    ]
    covers = {kind: key for key, kind in _COVERS.items()}
    for picture in contents.pictures:
        if picture.type in covers:
            suffix = b".png" if picture.mime == "image/png" else b".jpg"
            key = covers.pop(picture.type).title()
            items.append(Item(key, 2, key.encode() + suffix + b"\0" + picture.data))
    return items


def _rendered(tag: ApeTag, items: Sequence[Item]) -> bytes:
    body = b"".join(item.render() for item in items)
    flags = _HAS_HEADER if tag.has_header else 0
    common = (tag.version, len(body) + _FRAME.size, len(items))
    footer = _FRAME.pack(_MAGIC, *common, flags, bytes(8))
    header = _FRAME.pack(_MAGIC, *common, flags | _IS_HEADER, bytes(8)) if tag.has_header else b""
    return header + body + footer


def _tail(stream: BinaryIO) -> int:
    """The offset of the ID3v1 and Lyrics3 tags at the end of the file; its size if there are none."""
    end = find_id3v1(stream)
    if end is None:
        return stream.seek(0, io.SEEK_END)
    size = _read(stream, end - 15, 15)
    if size.endswith(_LYRICS_END) and size[:6].isdigit():
        return end - 15 - int(size[:6])
    return end


def _find(stream: BinaryIO) -> ApeTag | None:
    if _read(stream, 0, 8) == _MAGIC:
        raise TagFormatError("its APE tag is at the start of the file, which is not supported")
    end = _tail(stream)
    footer = _read(stream, end - _FRAME.size, _FRAME.size)
    if not footer.startswith(_MAGIC):
        return None
    _, version, size, count, flags, _ = _FRAME.unpack(footer)
    start = end - size
    if size < _FRAME.size or size > _MAX_SIZE or start < 0 or flags & _IS_HEADER:
        raise TagFormatError("the sizes in its APE tag are wrong")
    has_header = _read(stream, start - _FRAME.size, 8) == _MAGIC
    items = _parse_items(_read(stream, start, size - _FRAME.size), count)
    return ApeTag(start - (_FRAME.size if has_header else 0), end, version, has_header, items)


def _parse_items(data: bytes, count: int) -> tuple[Item, ...]:
    items = []
    offset = 0
    while offset < len(data):
        size, flags = struct.unpack_from("<LL", data, offset)
        key_end = data.index(b"\0", offset + 8)
        value_end = key_end + 1 + size
        if value_end > len(data):
            raise TagFormatError("its APE tag is cut off")
        items.append(Item(data[offset + 8 : key_end].decode("latin-1"), flags, data[key_end + 1 : value_end]))
        offset = value_end
    if len(items) != count:
        raise TagFormatError("the number of items in its APE tag is wrong")
    return tuple(items)


def _read(stream: BinaryIO, offset: int, size: int) -> bytes:
    if offset < 0:
        return b""
    stream.seek(offset)
    return stream.read(size)
