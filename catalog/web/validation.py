"""Validation of text from requests."""

from __future__ import annotations


def validated_text(value: object, longest: int) -> str | None:
    """The value if it is text of 1 to `longest` characters that a database can store; otherwise None.

    PostgreSQL stores no NUL, and UTF-8 encodes no lone surrogate.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest or "\0" in value:
        return None
    return None if any("\ud800" <= character <= "\udfff" for character in value) else value
