"""Arguments that are read from standard input: `-` stands for its lines."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Sequence

from catalog.errors import CatalogError

HEADERS = frozenset({"track_id", "case", "case_id", "path", "external_id"})
"""First lines of CSV results with one column."""


class NoArgumentsError(CatalogError):
    """Standard input, which was to hold the arguments, is empty."""


def expand_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments, with `-` replaced by the lines of standard input without empty lines and a CSV header.

    Raises NoArgumentsError if standard input has no line: no argument often means all tracks.
    """
    expanded: list[str] = []
    for argument in arguments:
        expanded += _lines() if argument == "-" else [argument]
    return tuple(expanded)


def _lines() -> list[str]:
    # The bytes, because file names need not be text.
    content = sys.stdin.buffer.read() if sys.stdin is not None else b""
    decoded = [os.fsdecode(line.rstrip(b"\r")) for line in content.removeprefix(codecs.BOM_UTF8).split(b"\n")]
    lines = [line for line in decoded if line.strip()]
    if lines and lines[0].strip() in HEADERS:
        del lines[0]
    if not lines:
        raise NoArgumentsError("standard input names nothing; pipe one track or case per line")
    return lines
