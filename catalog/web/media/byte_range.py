"""The range of bytes that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.errors import CatalogError

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class RangeNotSatisfiableError(CatalogError):
    """The range begins after the end of the file."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A half-open range of bytes."""

    begin: int
    end: int


def read_range(header: str | None, length: int) -> ByteRange | None:
    """The range of a `Range` header for a file of `length` bytes; None if the complete file is to be sent.

    Invalid and multiple ranges are ignored, as RFC 9110 permits. Raises RangeNotSatisfiableError.
    """
    match = _ONE_RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        last = int(match[2])
        if last == 0:
            raise RangeNotSatisfiableError
        return ByteRange(max(0, length - last), length)
    begin = int(match[1])
    end = length if match[2] == "" else min(int(match[2]) + 1, length)
    if match[2] != "" and int(match[2]) < begin:
        return None
    if begin >= length:
        raise RangeNotSatisfiableError
    return ByteRange(begin, end)
