"""The genre in Vorbis comments: FLAC, and Vorbis, Opus, FLAC and Speex in Ogg."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from mutagen import PaddingInfo
from mutagen.flac import FLAC
from mutagen.ogg import OggPage
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from catalog.writeback.formats.id3v2 import HEADER, TagFormatError, tag_size

KINDS: dict[str, Any] = {kind.__name__: kind for kind in (FLAC, OggVorbis, OggOpus, OggFLAC, OggSpeex)}

# Untyped in mutagen.
open_page: Callable[..., Any] = OggPage

_COMMENT_BLOCK, _PADDING_BLOCK = 4, 1
_MAGIC = {b"\x01vorbis": 7, b"OpusHead": 8, b"\x7fFLAC": 4, b"Speex   ": 0}
"""How a stream's first packet begins, and how many bytes of the second come before the comments."""
_MOST_PAGES = 20_000


def vorbis_others(stream: BinaryIO, kind: str) -> list[object]:
    """Everything but the genre and the padding: other comments verbatim, in order, and the other blocks of FLAC."""
    if kind == "FLAC":
        blocks = list(_flac_blocks(stream))
        others: list[object] = [each for each in blocks if each[0] not in (_COMMENT_BLOCK, _PADDING_BLOCK)]
        packet = next((data for code, data in blocks if code == _COMMENT_BLOCK), None)
    else:
        others, packet = [], _ogg_comments(stream)
    if packet is None:
        return others
    return others + [each for each in _raw_comments(packet) if each[:6].lower() != b"genre="]


def write_vorbis(stream: BinaryIO, kind: str, values: Sequence[str]) -> None:
    """Exchanges the comments of the genre where the first of them stands; none takes them away."""
    stream.seek(0)
    file = KINDS[kind](stream)
    if file.tags is None:
        file.add_tags()
    comments = list(file.tags)
    places = [at for at, (key, _) in enumerate(comments) if key.lower() == "genre"]
    key = comments[places[0]][0] if places else "GENRE"
    before = comments[: places[0]] if places else comments
    after = [each for each in comments[len(before) :] if each[0].lower() != "genre"]
    list.__setitem__(file.tags, slice(None), [*before, *((key, value) for value in values), *after])
    stream.seek(0)
    file.save(stream, padding=same_padding)


def same_padding(information: PaddingInfo) -> int:
    """Padding takes up what the tag grows or shrinks by; where it is not enough, mutagen's choice."""
    room: int = information.padding
    return room if room >= 0 else int(information.get_default_padding())


def _flac_blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    stream.seek(0)
    stream.seek(tag_size(stream.read(HEADER)))
    if stream.read(4) != b"fLaC":
        raise TagFormatError("its FLAC header is not where it should be")
    last = False
    while not last:
        header = stream.read(4)
        if len(header) < 4:
            raise TagFormatError("its FLAC header is cut off")
        last = bool(header[0] & 0x80)
        yield header[0] & 0x7F, stream.read(int.from_bytes(header[1:], "big"))


def _ogg_comments(stream: BinaryIO) -> bytes:
    """The comments of the first stream of sound, without what comes before them in their packet."""
    stream.seek(0)
    packets: dict[int, list[bytes]] = {}
    open_packets: set[int] = set()
    for _ in range(_MOST_PAGES):
        page = open_page(stream)
        found = packets.setdefault(page.serial, [])
        for at, data in enumerate(page.packets):
            if at == 0 and page.serial in open_packets:
                found[-1] += data
            else:
                found.append(data)
        open_packets.discard(page.serial)
        if not page.complete:
            open_packets.add(page.serial)
        complete = len(found) - (page.serial in open_packets)
        skip = next((skip for magic, skip in _MAGIC.items() if found and found[0].startswith(magic)), None)
        if skip is not None and complete >= 2:
            return found[1][skip:]
    raise TagFormatError("its comments are not where they should be")


def _raw_comments(packet: bytes) -> list[bytes]:
    """The vendor and the comments, verbatim (xiph.org, "Ogg Vorbis I format specification: comment field")."""
    try:
        (length,) = struct.unpack_from("<L", packet)
        at = 4 + length
        found = [packet[4:at]]
        (count,) = struct.unpack_from("<L", packet, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<L", packet, at)
            found.append(packet[at + 4 : at + 4 + length])
            at += 4 + length
    except struct.error as error:
        raise TagFormatError("its comments are cut off") from error
    return found
