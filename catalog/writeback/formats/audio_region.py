"""The bytes of a file between the tags at its start and its end."""

from __future__ import annotations

from typing import BinaryIO

from catalog.writeback.formats.apev2 import tags_start
from catalog.writeback.formats.id3v2 import HEADER, tag_size

_WINDOW = 2**20
_FLAC = b"fLaC"


def has_same_audio_bytes(one: BinaryIO, other: BinaryIO) -> bool:
    """Whether two files are equal except for ID3 and APE tags at their ends and the metadata blocks of FLAC.

    FFmpeg counts an APE tag at the end of some formats as audio, so that a hash of the packets depends on it.
    """
    (start, end), (other_start, other_end) = _region(one), _region(other)
    if end - start != other_end - other_start:
        return False
    one.seek(start)
    other.seek(other_start)
    for offset in range(0, end - start, _WINDOW):
        size = min(_WINDOW, end - start - offset)
        if one.read(size) != other.read(size):
            return False
    return True


def _region(stream: BinaryIO) -> tuple[int, int]:
    stream.seek(0)
    start = tag_size(stream.read(HEADER))
    stream.seek(start)
    if stream.read(len(_FLAC)) == _FLAC:
        start = _end_of_flac_metadata(stream)
    return start, tags_start(stream)


def _end_of_flac_metadata(stream: BinaryIO) -> int:
    is_last = False
    while not is_last:
        header = stream.read(4)
        if len(header) < 4:
            break
        is_last = bool(header[0] & 0x80)
        stream.seek(int.from_bytes(header[1:], "big"), 1)
    return stream.tell()
