"""Where a file holds its ID3 tags: at the start and the end of an MP3, in a chunk of AIFF and WAVE."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from mutagen._util import resize_bytes
from mutagen.id3 import ID3, ParseID3v1

from catalog.writeback.formats.id3v2 import EMPTY_TAG, HEADER, RawTag, parse_tag, tag_size, with_genre
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat

# Untyped in mutagen.
new_id3: Callable[..., Any] = ID3
parse_id3v1: Callable[..., Any] = ParseID3v1

V1_SIZE = 128
V1_NO_GENRE = 255


class Mp3Format(TagFormat):
    """An ID3v2 tag at the start of the file and an ID3v1 tag at its end; a file may lack either."""

    def holds_one_value(self, stream: BinaryIO) -> bool:
        """Whether the ID3v2 tag is older than version 2.4, which brought several values; a new tag is 2.3."""
        tag, _ = self._find(stream)
        return tag is None or tag.version < 4

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """Everything in the ID3 tags except the genre."""
        tag, _ = self._find(stream)
        block = self._id3v1_block(stream)
        others: list[object] = [] if block is None else [block[:-1]]
        return others if tag is None else [*others, tag.version, tag.flags, *tag.others]

    def write(self, stream: BinaryIO, values: Sequence[str], id3v1: Id3v1Genre) -> None:
        """Replaces the genre in the tags that the file has.

        A file that has only ID3v1 keeps only ID3v1 if `id3v1` is exact. Otherwise it gets an ID3v2.3 tag that repeats
        the title, artist and so on of ID3v1, because many programs read only one of the two.
        """
        tag, old_size = self._find(stream)
        block = self._id3v1_block(stream)
        if block is not None:
            stream.seek(-1, io.SEEK_END)
            stream.write(bytes([V1_NO_GENRE if id3v1.number is None else id3v1.number]))
            if tag is None and (id3v1.is_exact or not values):
                return
        if tag is None:
            if not values:
                return
            tag = parse_tag(EMPTY_TAG if block is None else _id3v2_of_id3v1(block))
        self._replace(stream, with_genre(tag, values), old_size)

    def _find(self, stream: BinaryIO) -> tuple[RawTag | None, int]:
        """The ID3v2 tag and its size in bytes; (None, 0) if there is none."""
        start = self._start(stream)
        if start is None:
            return None, 0
        stream.seek(start)
        size = tag_size(stream.read(HEADER))
        if not size:
            return None, 0
        stream.seek(start)
        return parse_tag(stream.read(size)), size

    def _start(self, _stream: BinaryIO) -> int | None:
        return 0

    def _replace(self, stream: BinaryIO, data: bytes, old_size: int) -> None:
        resize_bytes(stream, old_size, len(data), 0)
        stream.seek(0)
        stream.write(data)

    def _id3v1_block(self, stream: BinaryIO) -> bytes | None:
        if stream.seek(0, io.SEEK_END) < V1_SIZE:
            return None
        stream.seek(-V1_SIZE, io.SEEK_END)
        block = stream.read(V1_SIZE)
        return block if block.startswith(b"TAG") else None


class Id3ChunkFormat(Mp3Format):
    """An ID3v2 tag in a chunk of an IFF or RIFF file."""

    def __init__(self, open_chunks: Callable[..., Any], name: str) -> None:
        self._open_chunks = open_chunks
        self._name = name

    def _chunks(self, stream: BinaryIO) -> Any:
        stream.seek(0)
        return self._open_chunks(stream)

    def _start(self, stream: BinaryIO) -> int | None:
        chunks = self._chunks(stream)
        return int(chunks[self._name].data_offset) if self._name in chunks else None

    def _replace(self, stream: BinaryIO, data: bytes, old_size: int) -> None:
        chunks = self._chunks(stream)
        if self._name not in chunks:
            chunks.insert_chunk(self._name)
        chunk = chunks[self._name]
        # The chunk may hold other bytes after the tag.
        after = chunk.read()[old_size:] if old_size else b""
        chunk.resize(len(data) + len(after))
        chunk.write(data + after)

    def _id3v1_block(self, _stream: BinaryIO) -> bytes | None:
        return None


def _id3v2_of_id3v1(block: bytes) -> bytes:
    """An ID3v2.3 tag with the values of an ID3v1 tag except the genre."""
    tags = new_id3()
    for frame in (parse_id3v1(block, v2_version=3) or {}).values():
        if frame.FrameID != "TCON":
            tags.add(frame)
    tags.update_to_v23()
    output = io.BytesIO()
    tags.save(output, v1=0, v2_version=3, padding=lambda _information: 0)
    return output.getvalue() or EMPTY_TAG
