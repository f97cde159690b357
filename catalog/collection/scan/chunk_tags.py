"""Tags in the chunks of WAVE and AIFF files: RIFF INFO, AIFF texts, and ID3 that mutagen does not reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import BinaryIO, Literal, TypeAlias

from catalog.collection.scan.id3 import read_leading_id3
from catalog.collection.scan.legacy_text import LegacyText
from catalog.collection.scan.tag_fields import ID3, FileTags, TagKeys, id3_values, merge_tags, tags_from

ByteOrder: TypeAlias = Literal["big", "little"]

MAX_CHUNK = 16 * 2**20
"""Maximum bytes of a chunk that is read; a tag may hold pictures."""
MAX_CHUNKS = 1000

_INFO = TagKeys(
    ("INAM", "TITL"),
    ("IART", "ISTR"),
    ("IAAR",),
    ("IPRD", "IALB"),
    ("ICRD", "YEAR"),
    ("ITRK", "IPRT", "TRCK"),
    ("IGNR", "GENR"),
)
_AIFF = TagKeys(("NAME",), ("AUTH",), (), (), (), (), ())
_ID3_CHUNKS = frozenset({b"ID3 ", b"id3 "})
_AIFF_CHUNKS = frozenset({b"NAME", b"AUTH"})
_UNKNOWN_SIZE = 2**32 - 1


def read_chunk_tags(file: BinaryIO, text: LegacyText) -> FileTags:
    """The tags in the chunks of a RIFF, RF64 or AIFF file, in any order; ID3 first. Sizes may be wrong."""
    file.seek(0)
    form = file.read(12)[:4]
    if form not in {b"RIFF", b"RF64", b"BW64", b"FORM"}:
        return FileTags()
    tags, texts = FileTags(), FileTags()
    for name, data in _chunks(file, "big" if form == b"FORM" else "little"):
        if name in _ID3_CHUNKS:
            with contextlib.suppress(Exception):
                tags = merge_tags(tags, _id3_tags(data, text))
        elif name == b"LIST" and data[:4] == b"INFO":
            texts = merge_tags(texts, _text_tags(_chunks(BytesIO(data[4:]), "little"), _INFO, "riff", text))
        elif name in _AIFF_CHUNKS and form == b"FORM":
            texts = merge_tags(texts, _text_tags([(name, data)], _AIFF, "aiff", text))
    return merge_tags(tags, texts)


def _chunks(file: BinaryIO, byte_order: ByteOrder) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks from the file's position; contents are empty for sound."""
    wide_size = 0
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        name, size = header[:4], int.from_bytes(header[4:], byte_order)
        if name == b"data" and size == _UNKNOWN_SIZE:
            size = wide_size or size
        start = file.tell()
        data = b"" if name in {b"data", b"SSND"} else file.read(min(size, MAX_CHUNK))
        if name == b"ds64":
            wide_size = int.from_bytes(data[8:16], "little")
        yield name, data
        file.seek(start + size + size % 2)


def _id3_tags(data: bytes, text: LegacyText) -> FileTags:
    frames = next(read_leading_id3(BytesIO(data)))
    return tags_from(id3_values(frames, text), ID3, f"id3v{frames.version[0]}.{frames.version[1]}")


def _text_tags(
    chunks: Iterable[tuple[bytes, bytes]], keys: TagKeys, origin: str, text: LegacyText
) -> FileTags:
    # The text ends at NUL; programs leave old bytes behind it.
    values = {name.decode("latin-1"): text.decode(data.partition(b"\0")[0]) for name, data in chunks}
    return tags_from(lambda key: [values[key]] if key in values else [], keys, origin)
