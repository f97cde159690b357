"""The genre in Vorbis comments: FLAC, and Vorbis, Opus, FLAC and Speex in Ogg."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from mutagen.ogg import OggPage

from catalog.writeback.formats.id3v2 import HEADER, tag_size
from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError, same_padding

# Untyped in mutagen.
open_page: Callable[..., Any] = OggPage

_COMMENT_BLOCK, _PADDING_BLOCK = 4, 1
_MAGIC = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}
"""First bytes of a stream's first packet, and the number of bytes before the comments in the second packet."""
_MAX_PAGES = 20_000
_PICTURE = "metadata_block_picture"


class OggFormat(TagFormat):
    """Vorbis comments in an Ogg stream."""

    def __init__(self, open_file: Callable[..., Any]) -> None:
        self._open_file = open_file

    def exists(self, _stream: BinaryIO) -> bool:
        """Always: the format requires comments, if only the vendor."""
        return True

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts and pictures."""
        stream.seek(0)
        file = self._open_file(stream)
        texts: dict[str, list[str]] = {}
        for key, value in file.tags or ():
            if key.lower() != "genre":
                texts.setdefault(key.lower(), []).append(value)
        return TagContents(texts, self._pictures(file, texts))

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether there is a genre comment."""
        stream.seek(0)
        return "genre" in (self._open_file(stream).tags or ())

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The vendor and the other comments, verbatim and in order."""
        return _other_comments(_ogg_comments(stream))

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre comments at the position of the first one."""
        stream.seek(0)
        file = self._open_file(stream)
        if file.tags is None:
            file.add_tags()
        comments = list(file.tags)
        positions = [position for position, (key, _) in enumerate(comments) if key.lower() == "genre"]
        key = comments[positions[0]][0] if positions else "GENRE"
        before = comments[: positions[0]] if positions else comments
        after = [comment for comment in comments[len(before) :] if comment[0].lower() != "genre"]
        added = [(name.upper(), value) for name, texts in additions.texts.items() for value in texts]
        genre = [(key, value) for value in values]
        parts = [*before, *genre, *after, *added] if positions else [*before, *added, *genre]
        list.__setitem__(file.tags, slice(None), parts)
        self._add_pictures(file, additions)
        stream.seek(0)
        file.save(stream, padding=same_padding)

    def _pictures(self, _file: Any, texts: dict[str, list[str]]) -> tuple[Any, ...]:
        return tuple(texts.pop(_PICTURE, ()))

    def _add_pictures(self, file: Any, additions: TagContents) -> None:
        for picture in additions.pictures:
            file.tags.append((_PICTURE.upper(), base64.b64encode(picture.write()).decode()))


class FlacFormat(OggFormat):
    """Vorbis comments in a metadata block of FLAC."""

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other metadata blocks, then the vendor and the other comments, verbatim and in order."""
        blocks = list(_flac_blocks(stream))
        others: list[object] = [block for block in blocks if block[0] not in (_COMMENT_BLOCK, _PADDING_BLOCK)]
        packet = next((data for code, data in blocks if code == _COMMENT_BLOCK), None)
        return others if packet is None else others + _other_comments(packet)

    def _pictures(self, file: Any, _texts: dict[str, list[str]]) -> tuple[Any, ...]:
        return tuple(file.pictures)

    def _add_pictures(self, file: Any, additions: TagContents) -> None:
        for picture in additions.pictures:
            file.add_picture(picture)


def _flac_blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    stream.seek(0)
    stream.seek(tag_size(stream.read(HEADER)))
    if stream.read(4) != b"fLaC":
        raise TagFormatError("its FLAC header is not at the start of the file")
    is_last = False
    while not is_last:
        header = stream.read(4)
        if len(header) < 4:
            raise TagFormatError("its FLAC header is cut off")
        is_last = bool(header[0] & 0x80)
        yield header[0] & 0x7F, stream.read(int.from_bytes(header[1:], "big"))


def _ogg_comments(stream: BinaryIO) -> bytes:
    """The comments of the first audio stream, without the bytes before them in their packet."""
    stream.seek(0)
    packets: dict[int, list[bytes]] = {}
    incomplete: set[int] = set()
    for _ in range(_MAX_PAGES):
        page = open_page(stream)
        of_stream = packets.setdefault(page.serial, [])
        for position, data in enumerate(page.packets):
            if position == 0 and page.serial in incomplete:
                of_stream[-1] += data
            else:
                of_stream.append(data)
        incomplete.discard(page.serial)
        if not page.complete:
            incomplete.add(page.serial)
        complete = len(of_stream) - (page.serial in incomplete)
        skip = next(
            (skip for magic, skip in _MAGIC.items() if of_stream and of_stream[0].startswith(magic)), None
        )
        if skip is not None and complete >= 2:
            return of_stream[1][skip:]
    raise TagFormatError("its comments are not in the second packet of an audio stream")


def _other_comments(packet: bytes) -> list[object]:
    return [comment for comment in _raw_comments(packet) if comment[:6].lower() != b"genre="]


def _raw_comments(packet: bytes) -> list[bytes]:
    """The vendor and the comments, verbatim (xiph.org, "Ogg Vorbis I format specification: comment field")."""
    try:
        (length,) = struct.unpack_from("<L", packet)
        offset = 4 + length
        comments = [packet[4:offset]]
        (count,) = struct.unpack_from("<L", packet, offset)
        offset += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<L", packet, offset)
            comments.append(packet[offset + 4 : offset + 4 + length])
            offset += 4 + length
    except struct.error as error:
        raise TagFormatError("its comments are cut off") from error
    return comments
