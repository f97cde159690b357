"""Where ID3 tags lie in a file: at the beginning and the end of an MP3, in a chunk of AIFF and WAVE."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from mutagen._util import resize_bytes
from mutagen.aiff import AIFFFile
from mutagen.id3 import ID3, ParseID3v1
from mutagen.wave import _WaveFile

from catalog.writeback.formats.id3v2 import EMPTY_TAG, HEADER, RawTag, parse_tag, tag_size, with_genre

# Untyped in mutagen.
open_aiff: Callable[..., Any] = AIFFFile
open_wave: Callable[..., Any] = _WaveFile
new_id3: Callable[..., Any] = ID3
parse_id3v1: Callable[..., Any] = ParseID3v1

V1_SIZE = 128
V1_NO_GENRE = 255


def id3_others(stream: BinaryIO, kind: str) -> list[object]:
    """Everything in the ID3 tags but the genre."""
    tag, _ = _find(stream, kind)
    oldest = _id3v1(stream) if kind == "MP3" else None
    found: list[object] = [] if oldest is None else [oldest[:-1]]
    return found if tag is None else [*found, tag.version, tag.flags, *tag.others]


def id3_version(stream: BinaryIO, kind: str) -> int | None:
    """2, 3 or 4; None where there is no ID3v2 tag."""
    tag, _ = _find(stream, kind)
    return None if tag is None else tag.version


def write_id3(stream: BinaryIO, kind: str, values: Sequence[str], number: int | None, *, exact: bool) -> None:
    """Exchanges the genre in the tags that the file has.

    `number` is that of the ID3v1 list for the first genre or for what is broader; `exact` says that it means the only
    genre itself. Then a file with nothing but ID3v1 stays so; else it gets an ID3v2.3 tag, with what ID3v1 says
    of title and artist, for many programs read only one of the two.
    """
    tag, old_size = _find(stream, kind)
    oldest = _id3v1(stream) if kind == "MP3" else None
    if oldest is not None:
        stream.seek(-1, io.SEEK_END)
        stream.write(bytes([V1_NO_GENRE if number is None else number]))
        if tag is None and (exact or not values):
            return
    if tag is None:
        if not values:
            return
        tag = parse_tag(EMPTY_TAG if oldest is None else _version_2(oldest))
    _put(stream, kind, with_genre(tag, values), old_size)


def _find(stream: BinaryIO, kind: str) -> tuple[RawTag | None, int]:
    """The ID3v2 tag and its size; no tag has none."""
    start = 0
    if kind != "MP3":
        chunk = _chunk(stream, kind)
        if chunk is None:
            return None, 0
        start = chunk.data_offset
    stream.seek(start)
    size = tag_size(stream.read(HEADER))
    if not size:
        return None, 0
    stream.seek(start)
    return parse_tag(stream.read(size)), size


def _chunk(stream: BinaryIO, kind: str) -> Any:
    file, name = _chunks(stream, kind)
    return file[name] if name in file else None  # noqa: SIM401 - it has no get


def _chunks(stream: BinaryIO, kind: str) -> tuple[Any, str]:
    stream.seek(0)
    return (open_aiff(stream), "ID3") if kind == "AIFF" else (open_wave(stream), "id3")


def _put(stream: BinaryIO, kind: str, data: bytes, old_size: int) -> None:
    if kind == "MP3":
        resize_bytes(stream, old_size, len(data), 0)
        stream.seek(0)
        stream.write(data)
        return
    file, name = _chunks(stream, kind)
    if name not in file:
        file.insert_chunk(name)
    chunk = file[name]
    # Something may follow the tag in its chunk.
    after = chunk.read()[old_size:] if old_size else b""
    chunk.resize(len(data) + len(after))
    chunk.write(data + after)


def _id3v1(stream: BinaryIO) -> bytes | None:
    if stream.seek(0, io.SEEK_END) < V1_SIZE:
        return None
    stream.seek(-V1_SIZE, io.SEEK_END)
    block = stream.read(V1_SIZE)
    return block if block.startswith(b"TAG") else None


def _version_2(oldest: bytes) -> bytes:
    """An ID3v2.3 tag that says what an ID3v1 tag says, but for the genre."""
    tags = new_id3()
    for frame in (parse_id3v1(oldest, v2_version=3) or {}).values():
        if frame.FrameID != "TCON":
            tags.add(frame)
    tags.update_to_v23()
    made = io.BytesIO()
    tags.save(made, v1=0, v2_version=3, padding=lambda _information: 0)
    return made.getvalue() or EMPTY_TAG
