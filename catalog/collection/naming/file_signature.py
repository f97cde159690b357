"""The signature of a file, by which it is recognized after a move, without reading all of it."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

WINDOW = 64 * 1024
"""Bytes that are read from the middle, because tags are at the ends and first bytes are often equal."""


def file_signature(stream: BinaryIO, size: int) -> str:
    """BLAKE2b-128, in hexadecimal, of the size and of 64 KB from the middle of the file (all of a smaller one)."""
    stream.seek(max(0, (size - WINDOW) // 2))
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
    digest.update(stream.read(WINDOW))
    return digest.hexdigest()
