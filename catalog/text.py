"""Untrusted text made fit to store, print and show, and numbers with their nouns."""

from __future__ import annotations

import unicodedata

DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the writing direction of the text after them and so make it read differently."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BYTE_ORDER_MARK = "\ufeff"
_UNPRINTABLE = frozenset({"Cc", "Cn", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, unassigned code points, surrogates, line and paragraph separators."""


def sanitize(text: str) -> str:
    """Text that can be stored: controls, lone surrogates and direction controls become spaces; spaces are collapsed."""
    return " ".join("".join(" " if _is_deceptive(character) else character for character in text).split())


def printable(text: str) -> str:
    """Text that a terminal prints and does not obey: controls become U+FFFD.

    Wide and no-break spaces and joiners stay, because scripts and emoji need them.
    """
    return "".join(_REPLACEMENT if _is_unprintable(character) else character for character in text)


def one_line(text: str, longest: int) -> str:
    """Printable text on one line of at most `longest` characters, with an ellipsis where it was cut."""
    return shorten(printable(" ".join(text.split())), longest)


def shorten(text: str, longest: int) -> str:
    """The text, cut to `longest` characters with an ellipsis at its end."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def pluralize(number: int, singular: str, plural: str | None = None) -> str:
    """`1 track`, `2 tracks`, `2,000 tracks`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as `92 %`, with a no-break space; an en dash for None.

    A share above 0 and below 1 is never shown as 0 % or 100 %.
    """
    if share is None:
        return "\N{EN DASH}"
    whole = round(100 * share)
    if share > 0 and whole == 0:
        return "<1\N{NO-BREAK SPACE}%"
    if share < 1 and whole == 100:
        return ">99\N{NO-BREAK SPACE}%"
    return f"{whole}\N{NO-BREAK SPACE}%"


def describe_duration(seconds: float) -> str:
    """A duration with one unit or two: 45 s, 12 min, 3 h 20 min, 2 days 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h"


def _is_deceptive(character: str) -> bool:
    return (
        unicodedata.category(character) in {"Cc", "Cs"}
        or character in DIRECTION_CONTROLS
        or character == _BYTE_ORDER_MARK
    )


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in _UNPRINTABLE or character in DIRECTION_CONTROLS
