"""Texts in chunks of their own: INFO of WAVE, the text chunks of AIFF, the titles of DSDIFF."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from mutagen.aiff import AIFFFile
from mutagen.dsdiff import DSDIFFFile
from mutagen.wave import _WaveFile

from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError

LONGEST_TEXT = 2**20
"""Bytes of a text that are read."""

_INFO_NAMES = {
    "INAM": "title",
    "IART": "artist",
    "IPRD": "album",
    "ICRD": "date",
    "ITRK": "tracknumber",
    "IPRT": "tracknumber",
    "ICMT": "comment",
    "ICOP": "copyright",
    "ISFT": "encodedby",
}
_INFO_GENRE = "IGNR"
_AIFF_NAMES = {"NAME": "title", "AUTH": "artist", "(c)": "copyright", "ANNO": "comment"}
_DSDIFF_NAMES = {b"DITI": "title", b"DIAR": "artist"}


def open_wave(stream: BinaryIO) -> Any:
    """The chunks of a WAVE file. Raises TagFormatError if its sizes are wrong."""
    return _checked(_WaveFile, stream)


def open_aiff(stream: BinaryIO) -> Any:
    """The chunks of an AIFF file. Raises TagFormatError if its sizes are wrong."""
    return _checked(AIFFFile, stream)


def open_dsdiff(stream: BinaryIO) -> Any:
    """The chunks of a DSDIFF file. Raises TagFormatError if its sizes are wrong."""
    return _checked(DSDIFFFile, stream)


def _checked(open_chunks: Callable[[BinaryIO], Any], stream: BinaryIO) -> Any:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    chunks = open_chunks(stream)
    # Programs that write to a pipe leave ffffffff; some files lack the last padding byte.
    if chunks.root.offset + chunks.root.HEADER_SIZE + chunks.root.data_size > size:
        raise TagFormatError("its header states a larger file, as programs leave it that write to a pipe")
    return chunks


class InfoFormat(TagFormat):
    """The chunk LIST INFO of a WAVE file ("Multimedia Programming Interface and Data Specifications 1.0")."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has an INFO chunk."""
        return _info(stream) is not None

    def holds_one_value(self, _stream: BinaryIO) -> bool:
        """Always: a text chunk is one text."""
        return True

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts."""
        info = _info(stream)
        if info is None:
            return NO_CONTENTS
        return _texts((_INFO_NAMES[each.id], each) for each in info.subchunks() if each.id in _INFO_NAMES)

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether INFO has a genre."""
        info = _info(stream)
        return info is not None and _INFO_GENRE in info

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other texts, verbatim and in order."""
        info = _info(stream)
        if info is None:
            return []
        return [(chunk.id, chunk.read()) for chunk in info.subchunks() if chunk.id != _INFO_GENRE]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        _additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre text."""
        info = _info(stream)
        assert info is not None, "INFO is never made"
        data = "; ".join(values).encode() + b"\0"
        if not values:
            if _INFO_GENRE in info:
                info[_INFO_GENRE].delete()
        elif _INFO_GENRE in info:
            info[_INFO_GENRE].resize(len(data))
            info[_INFO_GENRE].write(data)
        else:
            info.insert_chunk(_INFO_GENRE, data)


class TextChunkFormat(TagFormat):
    """Texts that have no field for a genre and are never changed."""

    def __init__(self, read_contents: Callable[[BinaryIO], TagContents]) -> None:
        self._read_contents = read_contents

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has such texts."""
        return self.contents(stream) != NO_CONTENTS

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts."""
        return self._read_contents(stream)

    def has_genre(self, _stream: BinaryIO) -> bool:
        """Never."""
        return False

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The texts."""
        return [self.contents(stream)]

    def write(
        self,
        stream: BinaryIO,
        _values: Sequence[str],
        _id3v1: Id3v1Genre,
        _additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Changes nothing."""


def aiff_texts(stream: BinaryIO) -> TagContents:
    """The name, author, copyright and annotation chunks of an AIFF file."""
    chunks = open_aiff(stream).root.subchunks()
    return _texts((_AIFF_NAMES[chunk.id], chunk) for chunk in chunks if chunk.id in _AIFF_NAMES)


def dsdiff_texts(stream: BinaryIO) -> TagContents:
    """The title and artist in the chunk DIIN of a DSDIFF file ("DSDIFF File Format Specification" 1.5)."""
    chunks = open_dsdiff(stream)
    data = chunks["DIIN"].read() if "DIIN" in chunks else b""
    texts = {}
    offset = 0
    while offset + 16 <= len(data):
        name, size, length = struct.unpack_from(">4sQL", data, offset)
        if name in _DSDIFF_NAMES:
            texts[_DSDIFF_NAMES[name]] = [_decoded(data[offset + 16 : offset + 16 + length])]
        offset += 12 + size + size % 2
    return TagContents(texts)


def _info(stream: BinaryIO) -> Any:
    """The chunk LIST INFO; None if there is none."""
    chunks = open_wave(stream).root.subchunks()
    return next((chunk for chunk in chunks if chunk.id == "LIST" and chunk.name == "INFO"), None)


def _texts(named_chunks: Iterator[tuple[str, Any]]) -> TagContents:
    texts: dict[str, list[str]] = {}
    for name, chunk in named_chunks:
        text = _decoded(chunk.read()[:LONGEST_TEXT])
        if text:
            texts.setdefault(name, [text])
    return TagContents(texts)


def _decoded(data: bytes) -> str:
    data = data.rstrip(b"\0 ")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
