"""Text out of tags, cells and the like, made fit to be stored and shown."""

from __future__ import annotations

import re

from catalog.text import sanitize

LONGEST_TEXT = 500
"""Characters of a title or a name that are kept; what is longer is no title."""

_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d{1,3}(?!\d))")
_NUMBER = re.compile(r"\s*(\d{1,5})(?!\d)")


def text_of(value: object) -> str | None:
    """The value as one line of text without control characters; None where nothing is left of it."""
    return sanitize(str(value)[: 4 * LONGEST_TEXT])[:LONGEST_TEXT].strip() or None


def year_of(value: object) -> int | None:
    """The first year, 1000 to 2099, in a date however written: `1999`, `1999-05-03`, `19990503`, `03.05.1999`."""
    found = _YEAR.search(str(value)[:LONGEST_TEXT])
    return int(found[1]) if found else None


def number_of(value: object) -> int | None:
    """The track number in `3`, `03` or `3/12`; None for zero and for what does not begin with a number."""
    found = _NUMBER.match(str(value)[:LONGEST_TEXT])
    return int(found[1]) or None if found else None
