"""Where a file holds its ID3 tags: at the start and the end, or in a chunk of AIFF, WAVE, DSDIFF and DSF."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from mutagen._util import resize_bytes
from mutagen.id3 import ParseID3v1

from catalog.collection.scan.id3 import V1_SIZE, find_id3v1
from catalog.writeback.formats.id3v2 import (
    EMPTY_TAG,
    HEADER,
    UNSYNCHRONIZED,
    RawTag,
    parse_tag,
    tag_size,
    with_genre,
)
from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents, contents_of_id3, id3_of_contents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError

# Untyped in mutagen.
parse_id3v1: Callable[..., Any] = ParseID3v1

V1_NO_GENRE = 255
_V1_NAMES = {
    "TIT2": "title",
    "TPE1": "artist",
    "TALB": "album",
    "TYER": "date",
    "COMM": "comment",
    "TRCK": "tracknumber",
}


class Id3v2Format(TagFormat):
    """An ID3v2 tag at the start of the file."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has an ID3v2 tag."""
        return self._bytes(stream) is not None

    def holds_one_value(self, stream: BinaryIO) -> bool:
        """Whether the tag is older than version 2.4, which brought several values; a new tag is 2.3."""
        tag = self._find(stream)
        return tag is None or tag.version < 4

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts and pictures of the tag, without compressed frames."""
        tag = self._find(stream)
        if tag is None:
            return NO_CONTENTS
        frames = tuple(frame for frame in tag.frames if not frame.is_compressed)
        return contents_of_id3(with_genre(replace(tag, frames=frames), []))

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether the tag has a genre frame."""
        tag = self._find(stream)
        return tag is not None and tag.genre is not None

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """Everything in the tag except the genre."""
        tag = self._find(stream)
        return [] if tag is None else [tag.version, tag.flags, *tag.others]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre frame. A new tag is of version 2.3, or of 2.4 if a field has several values."""
        tag = self._find(stream)
        old_size = 0 if tag is None else tag.size
        if tag is None:
            has_several = any(len(texts) > 1 for texts in additions.texts.values())
            tag = parse_tag(id3_of_contents(additions, 4 if has_several else 3) or EMPTY_TAG)
        elif additions != NO_CONTENTS:
            tag = _with_additions(tag, additions)
        self._replace(stream, with_genre(tag, values), old_size)

    def _find(self, stream: BinaryIO) -> RawTag | None:
        data = self._bytes(stream)
        return None if data is None else parse_tag(data)

    def _bytes(self, stream: BinaryIO) -> bytes | None:
        """The whole tag; None if there is none."""
        start = self._start(stream)
        if start is None:
            return None
        stream.seek(start)
        size = tag_size(stream.read(HEADER))
        stream.seek(start)
        return stream.read(size) if size else None

    def _start(self, _stream: BinaryIO) -> int | None:
        return 0

    def _replace(self, stream: BinaryIO, data: bytes, old_size: int) -> None:
        resize_bytes(stream, old_size, len(data), 0)
        stream.seek(0)
        stream.write(data)


def _with_additions(tag: RawTag, additions: TagContents) -> RawTag:
    if tag.version == 2 or (tag.version == 4 and tag.flags & UNSYNCHRONIZED):
        raise TagFormatError(
            f"its ID3v2.{tag.version} tag has no title, and the fields of its other tag cannot be added to it"
        )
    frames = parse_tag(id3_of_contents(additions, tag.version) or EMPTY_TAG).frames
    return replace(tag, frames=(*tag.frames, *frames))


class Id3v1Format(TagFormat):
    """An ID3v1 tag in the last 128 bytes."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file ends with an ID3v1 tag."""
        return self._block(stream) is not None

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts of the tag."""
        frames = parse_id3v1(self._block(stream) or b"", v2_version=3) or {}
        texts = {
            _V1_NAMES[frame.FrameID]: [str(frame)] for frame in frames.values() if frame.FrameID in _V1_NAMES
        }
        return TagContents(texts)

    def has_genre(self, stream: BinaryIO) -> bool:
        """Always, because the number has a fixed place."""
        return self.exists(stream)

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other 127 bytes."""
        block = self._block(stream)
        return [] if block is None else [block[:-1]]

    def write(
        self,
        stream: BinaryIO,
        _values: Sequence[str],
        id3v1: Id3v1Genre,
        _additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the number."""
        stream.seek(-1, io.SEEK_END)
        stream.write(bytes([V1_NO_GENRE if id3v1.number is None else id3v1.number]))

    def _block(self, stream: BinaryIO) -> bytes | None:
        start = find_id3v1(stream)
        if start is None:
            return None
        stream.seek(start)
        return stream.read(V1_SIZE)


class Id3ChunkFormat(Id3v2Format):
    """An ID3v2 tag in a chunk of an IFF or RIFF file."""

    def __init__(self, open_chunks: Callable[..., Any], name: str) -> None:
        self._open_chunks = open_chunks
        self._name = name

    def _start(self, stream: BinaryIO) -> int | None:
        chunks = self._open_chunks(stream)
        return int(chunks[self._name].data_offset) if self._name in chunks else None

    def _replace(self, stream: BinaryIO, data: bytes, old_size: int) -> None:
        chunks = self._open_chunks(stream)
        if self._name not in chunks:
            chunks.insert_chunk(self._name)
        chunk = chunks[self._name]
        # The chunk may hold other bytes after the tag.
        after = chunk.read()[old_size:] if old_size else b""
        chunk.resize(len(data) + len(after))
        chunk.write(data + after)


class DsfFormat(Id3v2Format):
    """The ID3v2 tag at the end of a DSF file, whose header has its offset ("DSF File Format Specification" 1.01)."""

    _HEADER = struct.Struct("<4sQQQ")

    def _start(self, stream: BinaryIO) -> int | None:
        return self._sizes(stream)[1] or None

    def _replace(self, stream: BinaryIO, data: bytes, _old_size: int) -> None:
        total, offset = self._sizes(stream)
        offset = offset or total
        stream.seek(offset)
        stream.truncate()
        stream.write(data)
        stream.seek(12)
        stream.write(struct.pack("<QQ", offset + len(data), offset))

    def _sizes(self, stream: BinaryIO) -> tuple[int, int]:
        """The size of the file, and the offset of the tag, 0 for none."""
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        magic, _, total, offset = self._HEADER.unpack(stream.read(self._HEADER.size))
        if magic != b"DSD " or total != size or offset > size:
            raise TagFormatError("the sizes in its DSF header are wrong")
        return total, offset
