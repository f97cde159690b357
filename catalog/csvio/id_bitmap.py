"""A set of row ids as a bit array, to find duplicates in files of millions of rows."""

from __future__ import annotations


class IdBitmap:
    """Ids from 0 upwards; one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << 10)

    def add(self, number: int) -> bool:
        """Adds an id and returns whether it was new."""
        at, bit = number >> 3, 1 << (number & 7)
        if at >= len(self._bits):
            self._bits.extend(bytes(max(at + 1, 2 * len(self._bits)) - len(self._bits)))
        is_new = not self._bits[at] & bit
        self._bits[at] |= bit
        return is_new
