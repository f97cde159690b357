"""WAVE and FLAC files that were joined end to end, which FFmpeg reads as one file with the parameters of the first."""

import os

from catalog.audio.decoding.media_file import MediaFile, MediaSection

MAX_FILES = 1000
"""Later files count as part of the last one."""

_BLOCK = 2**20
# The marker of a file, and the header of its first block, which has 34 bytes and may be the last one.
_FLAC_STARTS = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")


def wave_files(source: MediaFile) -> list[MediaSection]:
    """The WAVE files in a file; empty if there are not several."""
    starts: list[int] = []
    place = 0
    while len(starts) < MAX_FILES:
        source.seek(place)
        header = source.read(12)
        if header[:4] != b"RIFF" or header[8:] != b"WAVE":
            break
        starts.append(place)
        size = int.from_bytes(header[4:8], "little")
        place += 8 + size + size % 2
    return _sections(source, starts)


def flac_files(source: MediaFile) -> list[MediaSection]:
    """The FLAC files in a file; empty if there are not several. Reads all of it, and keeps the position."""
    starts: list[int] = []
    position = source.tell()
    place, tail = 0, b""
    source.seek(0)
    while len(starts) < MAX_FILES and (block := source.read(_BLOCK)):
        data = tail + block
        starts += sorted(
            place - len(tail) + found for marker in _FLAC_STARTS for found in _all_places(data, marker)
        )
        place += len(block)
        tail = data[1 - len(_FLAC_STARTS[0]) :]
    sections = _sections(source, starts)
    source.seek(position)
    return sections


def _all_places(data: bytes, marker: bytes) -> list[int]:
    places = []
    found = data.find(marker)
    while found >= 0:
        places.append(found)
        found = data.find(marker, found + 1)
    return places


def _sections(source: MediaFile, starts: list[int]) -> list[MediaSection]:
    if len(starts) < 2:
        return []
    ends = [*starts[1:], source.seek(0, os.SEEK_END)]
    return [MediaSection(source, start, end) for start, end in zip(starts, ends, strict=True)]
