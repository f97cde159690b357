"""Parses values of tags and table cells."""

from __future__ import annotations

import re

from catalog.text import sanitize

MAX_TEXT = 500
"""Maximum length of a title or a name in characters; longer ones are cut."""

_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d{1,3}(?!\d))")
_NUMBER = re.compile(r"\s*(\d{1,5})(?!\d)")


def text_of(value: object) -> str | None:
    """The value as one line of text without control characters; None if it is empty."""
    return sanitize(str(value)[: 4 * MAX_TEXT])[:MAX_TEXT].strip() or None


def year_of(value: object) -> int | None:
    """The first year, 1000 to 2099, in a date of any format: `1999`, `1999-05-03`, `19990503`, `03.05.1999`."""
    match = _YEAR.search(str(value)[:MAX_TEXT])
    return int(match[1]) if match else None


def number_of(value: object) -> int | None:
    """The track number in `3`, `03` or `3/12`; None for zero and for text that does not begin with a number."""
    match = _NUMBER.match(str(value)[:MAX_TEXT])
    return int(match[1]) or None if match else None
