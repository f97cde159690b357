"""Text that came from outside, as far as a database can look for it."""

from __future__ import annotations


def validated_text(value: object, longest: int) -> str | None:
    """The value where it is text of 1 to `longest` characters; None where it is not.

    A NUL is none to PostgreSQL, and half of a surrogate pair is none in UTF-8: nothing in a catalog is called that.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest or "\0" in value:
        return None
    return None if any("\ud800" <= sign <= "\udfff" for sign in value) else value
