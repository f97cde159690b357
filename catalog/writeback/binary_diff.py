"""Binary patches between two nearly equal files."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

MAX_PATCH = 2**20
"""Maximum size of a compressed patch in bytes."""
MAX_LITERALS = 8 * 2**20
"""Maximum number of bytes that a patch inserts."""

Content = bytes | mmap.mmap
Region = tuple[int, int, int, int]
"""Start and end in the old content, start and end in the new content."""

_STEPS = (4, 8, 16, 32, 64)
_PROBE = 32
_PROBES = 16
_RECORD = struct.Struct("<QQL")
_WINDOW = 2**20


def make_patch(source: BinaryIO, target: BinaryIO) -> bytes | None:
    """The patch that turns `source` into `target`; None if the files differ too much."""
    records = []
    size = 0
    with _mapped(source) as old, _mapped(target) as new:
        for old_start, old_end, new_start, new_end in differences(old, new):
            size += new_end - new_start
            if size > MAX_LITERALS:
                return None
            records.append(_RECORD.pack(old_start, old_end, new_end - new_start) + new[new_start:new_end])
    patch = zlib.compress(b"".join(records), 9)
    return patch if len(patch) <= MAX_PATCH else None


def apply_patch(patch: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Writes to `target` the file that the patch makes of `source`."""
    data = zlib.decompress(patch)
    offset = position = 0
    source.seek(0)
    while offset < len(data):
        start, end, length = _RECORD.unpack_from(data, offset)
        offset += _RECORD.size
        _copy(source, target, start - position)
        target.write(data[offset : offset + length])
        offset += length
        source.seek(end)
        position = end
    _copy(source, target, None)


def differences(old: Content, new: Content) -> Iterator[Region]:
    """The regions in which two contents differ, in order; the bytes between them are equal.

    Of each region the common head and tail are removed first. Then, if both agree again a few bytes later (page
    numbers of Ogg, offsets of MP4, sizes in a tag), it is split there; otherwise at the longest common piece that is
    found, for example a cover image that was moved.
    """
    pending: list[Region] = [(0, len(old), 0, len(new))]
    while pending:
        a, a_end, b, b_end = pending.pop()
        head = _common_head(old, a, new, b, min(a_end - a, b_end - b))
        a, b = a + head, b + head
        tail = _common_tail(old, a_end, new, b_end, min(a_end - a, b_end - b))
        a_end, b_end = a_end - tail, b_end - tail
        if a == a_end and b == b_end:
            continue
        region = (a, a_end, b, b_end)
        if step := _step(old, new, region):
            yield a, a + step, b, b + step
            pending.append((a + step, a_end, b + step, b_end))
        elif piece := _common_piece(old, new, region):
            a_piece, b_piece, length = piece
            pending.append((a_piece + length, a_end, b_piece + length, b_end))
            pending.append((a, a_piece, b, b_piece))
        else:
            yield region


def _step(old: Content, new: Content, region: Region) -> int:
    """The number of bytes after which both agree again; 0 if they do not agree soon."""
    a, a_end, b, b_end = region
    for step in _STEPS:
        if a + step + _PROBE > a_end or b + step + _PROBE > b_end:
            return 0
        if old[a + step : a + step + _PROBE] == new[b + step : b + step + _PROBE]:
            return step
    return 0


def _common_piece(old: Content, new: Content, region: Region) -> tuple[int, int, int] | None:
    """The longest common piece that some probes find: its offsets in old and new, and its length."""
    a, a_end, b, b_end = region
    best: tuple[int, int, int] | None = None
    for number in range(_PROBES):
        a_probe = a + (a_end - a - _PROBE) * number // _PROBES
        if a_probe < a or a_probe + _PROBE > a_end:
            break
        b_probe = new.find(old[a_probe : a_probe + _PROBE], b, b_end)
        if b_probe < 0:
            continue
        before = _common_tail(old, a_probe, new, b_probe, min(a_probe - a, b_probe - b))
        length = before + _common_head(old, a_probe, new, b_probe, min(a_end - a_probe, b_end - b_probe))
        if best is None or length > best[2]:
            best = a_probe - before, b_probe - before, length
        if length > (a_end - a) // 2:
            break
    return best


def _common_head(old: Content, a: int, new: Content, b: int, most: int) -> int:
    """The number of equal bytes from two offsets on, at most `most`."""
    done, size = 0, _PROBE
    while done < most:
        size = min(size, most - done)
        left, right = old[a + done : a + done + size], new[b + done : b + done + size]
        if left != right:
            return done + _first_difference(left, right)
        done, size = done + size, min(2 * size, _WINDOW)
    return done


def _common_tail(old: Content, a: int, new: Content, b: int, most: int) -> int:
    """The number of equal bytes before two offsets, at most `most`."""
    done, size = 0, _PROBE
    while done < most:
        size = min(size, most - done)
        left, right = old[a - done - size : a - done], new[b - done - size : b - done]
        if left != right:
            return done + _first_difference(left[::-1], right[::-1])
        done, size = done + size, min(2 * size, _WINDOW)
    return done


def _first_difference(left: bytes, right: bytes) -> int:
    return int(np.argmax(np.frombuffer(left, np.uint8) != np.frombuffer(right, np.uint8)))


def _copy(source: BinaryIO, target: BinaryIO, length: int | None) -> None:
    """Copies `length` bytes from the position of the source, or all that follow if it is None."""
    while length is None or length > 0:
        data = source.read(_WINDOW if length is None else min(_WINDOW, length))
        if not data:
            return
        target.write(data)
        length = None if length is None else length - len(data)


def _mapped(stream: BinaryIO) -> mmap.mmap:
    stream.flush()
    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
