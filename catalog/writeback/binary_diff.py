"""A patch: what makes of one file, byte for byte, another that is nearly equal."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

LARGEST_PATCH = 2**20
"""Bytes, compressed; more is not kept."""
LARGEST_PIECE = 8 * 2**20
"""Bytes that a patch may bring in all, uncompressed."""

Bytes = bytes | mmap.mmap
Region = tuple[int, int, int, int]
"""Beginning and end in the one file, and in the other."""

_STEPS = (4, 8, 16, 32, 64)
_PROBE = 32
_PROBES = 16
_RECORD = struct.Struct("<QQL")
_WINDOW = 2**20


def make_patch(source: BinaryIO, target: BinaryIO) -> bytes | None:
    """The patch from one file to another; None where they differ too much for it to be kept."""
    records = []
    size = 0
    with _mapped(source) as old, _mapped(target) as new:
        for start, end, begin, finish in differences(old, new):
            size += finish - begin
            if size > LARGEST_PIECE:
                return None
            records.append(_RECORD.pack(start, end, finish - begin) + new[begin:finish])
    packed = zlib.compress(b"".join(records), 9)
    return packed if len(packed) <= LARGEST_PATCH else None


def apply_patch(patch: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Writes to `target` what the patch makes of `source`."""
    data = zlib.decompress(patch)
    at = copied = 0
    source.seek(0)
    while at < len(data):
        start, end, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        _copy(source, target, start - copied)
        target.write(data[at : at + length])
        at += length
        source.seek(end)
        copied = end
    _copy(source, target, None)


def differences(old: Bytes, new: Bytes) -> Iterator[Region]:
    """The regions in which two texts differ, in order; what lies between them is equal.

    Tags are changed in few places, and what follows is moved or not: so it goes on where both agree a few bytes later
    (page numbers of Ogg, offsets of MP4), and else looks for pieces of the one in the other.
    """
    pending: list[Region] = [(0, len(old), 0, len(new))]
    while pending:
        a, a_end, b, b_end = pending.pop()
        same = _equal(old, a, new, b, min(a_end - a, b_end - b))
        a, b = a + same, b + same
        same = _equal_back(old, a_end, new, b_end, min(a_end - a, b_end - b))
        a_end, b_end = a_end - same, b_end - same
        if a == a_end or b == b_end:
            if a != a_end or b != b_end:
                yield a, a_end, b, b_end
            continue
        step = _step(old, new, (a, a_end, b, b_end))
        if step:
            yield a, a + step, b, b + step
            pending.append((a + step, a_end, b + step, b_end))
            continue
        found = _common(old, new, (a, a_end, b, b_end))
        if found is None:
            yield a, a_end, b, b_end
            continue
        at, there, length = found
        pending.append((at + length, a_end, there + length, b_end))
        pending.append((a, at, b, there))


def _step(old: Bytes, new: Bytes, region: Region) -> int:
    """After how many bytes both agree again at the same distance; 0 where they soon do not."""
    a, a_end, b, b_end = region
    for step in _STEPS:
        if a + step + _PROBE > a_end or b + step + _PROBE > b_end:
            return 0
        if old[a + step : a + step + _PROBE] == new[b + step : b + step + _PROBE]:
            return step
    return 0


def _common(old: Bytes, new: Bytes, region: Region) -> tuple[int, int, int] | None:
    """The longest of some pieces that both have: where in the one, where in the other, how many bytes."""
    a, a_end, b, b_end = region
    best: tuple[int, int, int] | None = None
    for number in range(_PROBES):
        at = a + (a_end - a - _PROBE) * number // _PROBES
        if at < a or at + _PROBE > a_end:
            break
        there = new.find(old[at : at + _PROBE], b, b_end)
        if there < 0:
            continue
        before = _equal_back(old, at, new, there, min(at - a, there - b))
        length = before + _equal(old, at, new, there, min(a_end - at, b_end - there))
        if best is None or length > best[2]:
            best = at - before, there - before, length
        if length > (a_end - a) // 2:
            break
    return best


def _equal(old: Bytes, a: int, new: Bytes, b: int, most: int) -> int:
    """How many bytes from two places on are equal."""

    def alike(start: int, end: int) -> bool:
        return old[a + start : a + end] == new[b + start : b + end]

    return _run_of(alike, most)


def _equal_back(old: Bytes, a: int, new: Bytes, b: int, most: int) -> int:
    """How many bytes before two places are equal."""

    def alike(start: int, end: int) -> bool:
        return old[a - end : a - start] == new[b - end : b - start]

    return _run_of(alike, most)


def _run_of(alike: Callable[[int, int], bool], most: int) -> int:
    """How many bytes are equal, of `most`, where `alike` compares those from one distance up to another."""
    done, size = 0, _PROBE
    while done < most:
        size = min(size, most - done)
        if not alike(done, done + size):
            if size == 1:
                return done
            size //= 2
            most = min(most, done + 2 * size + 1)
            continue
        done += size
        size = min(2 * size, _WINDOW)
    return done


def _copy(source: BinaryIO, target: BinaryIO, length: int | None) -> None:
    """Copies so many bytes from where the source stands, or the rest."""
    while length is None or length > 0:
        data = source.read(_WINDOW if length is None else min(_WINDOW, length))
        if not data:
            return
        target.write(data)
        length = None if length is None else length - len(data)


def _mapped(stream: BinaryIO) -> mmap.mmap:
    stream.flush()
    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
