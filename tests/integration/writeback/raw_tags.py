"""Plain readers of one kind of tag each, written for the tests: nothing that is tested reads its own results."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Names = tuple[str | None, str | None, str | None]
"""Title, artist and genre."""


def syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 127
    return value


def id3_frames(data: bytes) -> dict[str, bytes]:
    """The frames of an ID3v2.3 or 2.4 tag at the start of `data`."""
    if data[:3] != b"ID3":
        return {}
    end, offset, frames = 10 + syncsafe(data[6:10]), 10, {}
    while offset + 10 <= end and data[offset : offset + 4].strip(b"\0"):
        size_bytes = data[offset + 4 : offset + 8]
        size = syncsafe(size_bytes) if data[3] == 4 else int.from_bytes(size_bytes, "big")
        frames[data[offset : offset + 4].decode()] = data[offset + 10 : offset + 10 + size]
        offset += 10 + size
    return frames


def id3_text(frame: bytes | None) -> str | None:
    if not frame:
        return None
    return frame[1:].decode(("latin-1", "utf-16", "utf-16-be", "utf-8")[frame[0]]).strip("\0")


def id3_names(data: bytes) -> Names:
    frames = id3_frames(data)
    title, artist, genre = (id3_text(frames.get(name)) for name in ("TIT2", "TPE1", "TCON"))
    return title, artist, genre


def id3_cover(data: bytes) -> bytes | None:
    frame = id3_frames(data).get("APIC")
    return None if frame is None else frame[frame.index(b"\xff\xd8") :]


def ape_items(data: bytes) -> dict[str, bytes]:
    """The items of the APE tag at the end of `data`, before an ID3v1 tag."""
    end = len(data) - (128 if data[-128:-125] == b"TAG" else 0)
    if data[end - 32 : end - 24] != b"APETAGEX":
        return {}
    size, count = struct.unpack_from("<LL", data, end - 20)
    offset, items = end - size, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<L", data, offset)
        key_end = data.index(b"\0", offset + 8)
        items[data[offset + 8 : key_end].decode().lower()] = data[key_end + 1 : key_end + 1 + length]
        offset = key_end + 1 + length
    assert offset == end - 32
    return items


def ape_names(data: bytes) -> Names:
    items = ape_items(data)
    title, artist, genre = (
        items[name].decode() if name in items else None for name in ("title", "artist", "genre")
    )
    return title, artist, genre


def chunks(data: bytes, order: str = "<", start: int = 12) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a RIFF file (`<`) or of an AIFF file (`>`)."""
    offset = start
    while offset + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sL", data, offset)
        assert offset + 8 + size <= len(data), name
        yield name, data[offset + 8 : offset + 8 + size]
        offset += 8 + size + size % 2


def info_names(data: bytes) -> Names:
    for name, body in chunks(data):
        if name == b"LIST" and body[:4] == b"INFO":
            texts = {key: value.rstrip(b"\0").decode() for key, value in chunks(body, start=4)}
            return texts.get(b"INAM"), texts.get(b"IART"), texts.get(b"IGNR")
    return None, None, None


def chunk_id3(data: bytes, order: str = "<") -> bytes:
    return next((body for name, body in chunks(data, order) if name in (b"id3 ", b"ID3 ")), b"")


def vorbis_comments(packet: bytes) -> dict[str, list[str]]:
    comments: dict[str, list[str]] = {}
    offset = 4 + int.from_bytes(packet[:4], "little")
    count = int.from_bytes(packet[offset : offset + 4], "little")
    offset += 4
    for _ in range(count):
        size = int.from_bytes(packet[offset : offset + 4], "little")
        key, _, value = packet[offset + 4 : offset + 4 + size].decode().partition("=")
        comments.setdefault(key.lower(), []).append(value)
        offset += 4 + size
    return comments


def flac_blocks(data: bytes) -> dict[int, bytes]:
    """The metadata blocks of a FLAC file by type."""
    offset, blocks, is_last = data.index(b"fLaC") + 4, {}, False
    while not is_last:
        is_last = bool(data[offset] & 128)
        size = int.from_bytes(data[offset + 1 : offset + 4], "big")
        blocks[data[offset] & 127] = data[offset + 4 : offset + 4 + size]
        offset += 4 + size
    return blocks


def vorbis_names(data: bytes) -> Names:
    comments = vorbis_comments(flac_blocks(data)[4])
    title, artist, genre = (comments.get(name, [None])[0] for name in ("title", "artist", "genre"))
    return title, artist, genre


def atom(data: bytes, *path: bytes) -> bytes | None:
    """The content of the first atom at a path; `meta` may have a version of four bytes."""
    body: bytes | None = data
    for name in path:
        assert body is not None
        if body[:4] == bytes(4):
            body = body[4:]
        offset, found = 0, None
        while found is None and offset + 8 <= len(body):
            size = int.from_bytes(body[offset : offset + 4], "big")
            assert 8 <= size <= len(body) - offset
            if body[offset + 4 : offset + 8] == name:
                found = body[offset + 8 : offset + size]
            offset += size
        if found is None:
            return None
        body = found
    return body


def item_names(data: bytes) -> Names:
    """Title, artist and genre of the item list of an MP4 file."""
    items = atom(data, b"moov", b"udta", b"meta", b"ilst")
    if items is None:
        return None, None, None
    bodies = [atom(items, name, b"data") for name in (b"\xa9nam", b"\xa9ART", b"\xa9gen")]
    title, artist, genre = (None if body is None else body[8:].decode() for body in bodies)
    return title, artist, genre
