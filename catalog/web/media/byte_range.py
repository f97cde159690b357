"""The range of bytes that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.errors import CatalogError

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class RangeNotSatisfiableError(CatalogError):
    """A range that begins behind the end."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From one byte up to another, which is not in it any more."""

    begin: int
    end: int


def read_range(header: str | None, length: int) -> ByteRange | None:
    """The range of a `Range` header in so many bytes; None where everything is to be sent.

    What is no range of bytes, or more than one, may be answered by everything, and is. Raises RangeNotSatisfiableError.
    """
    found = _ONE_RANGE.fullmatch((header or "").replace(" ", ""))
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        last = int(found[2])
        if last == 0:
            raise RangeNotSatisfiableError
        return ByteRange(max(0, length - last), length)
    begin = int(found[1])
    end = length if found[2] == "" else min(int(found[2]) + 1, length)
    if found[2] != "" and int(found[2]) < begin:
        return None
    if begin >= length:
        raise RangeNotSatisfiableError
    return ByteRange(begin, end)
