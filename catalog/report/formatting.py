"""How the report writes what it found: hostile text made harmless and short, numbers made readable."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

LONGEST = 120
"""Characters of a name or title that the report shows."""
LONGEST_GENRE = 50

_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def safe_text(value: object, longest: int = LONGEST) -> str:
    """Text on one line of at most `longest` characters, without what could break a page.

    Control characters, lone surrogates and unassigned code points become U+FFFD; characters that change the writing
    direction of what follows go. Joiners stay: scripts and emoji need them. Escaping is the template's business.
    """
    if value is None:
        return ""
    # Four times as much is enough to look at: a title may be a whole book.
    text = " ".join(str(value)[: longest * 4].split())
    kept = []
    for character in text:
        if character in _DIRECTION_CONTROLS:
            continue
        # The line and paragraph separators are whitespace to Python and already gone.
        harmless = unicodedata.category(character) not in {"Cc", "Cs", "Cn"}
        kept.append(character if harmless else "\N{REPLACEMENT CHARACTER}")
    shown = "".join(kept).strip()
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def isolated(value: object, longest: int = LONGEST) -> str:
    """Clean text between directional isolates, for places that take no markup, such as the title of a dot."""
    text = safe_text(value, longest)
    return f"{_ISOLATE}{text}{_END_ISOLATE}" if text else ""


def display_name(artist: object, title: object, path: object) -> str:
    """What people call a track, without markup: artist and title, or as much as there is."""
    parts = [isolated(part) for part in (artist, title) if safe_text(part)]
    if not safe_text(title):
        parts.append(isolated(str(path or "").rsplit("/", maxsplit=1)[-1]) or "no title")
    return " \N{EN DASH} ".join(parts)


def count(number: int) -> str:
    """A whole number with thousands apart."""
    return f"{number:,}"


def short(number: int) -> str:
    """A whole number in at most four characters, for small places: 999, 1.2k, 34k, 5.6M."""
    if number < 1000:
        return str(number)
    for unit, size in (("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)):
        # Rounded first, so that 9,960 is 10k and not 10.0k.
        tenths = round(number / size, 1)
        if tenths < 10:
            return f"{tenths:.1f}{unit}"
        if round(number / size) < 1000:
            return f"{round(number / size)}{unit}"
    return f"{number / 1_000_000_000:.0f}G"


def moment(time: datetime | None) -> str:
    """Date and time in UTC, to the minute."""
    return "" if time is None else time.astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC")


def whole(number: float) -> str:
    """A number without decimals, with a minus sign that is one."""
    return f"{round(number)}".replace("-", "\N{MINUS SIGN}")


def day(time: datetime | None) -> str:
    """The date in UTC."""
    return "" if time is None else time.astimezone(UTC).strftime("%-d %B %Y")


def words(reasons: Any) -> list[str]:
    """The sentences in what an audit gives as reasons: text, a list of texts, or of objects that hold a text."""
    if isinstance(reasons, str):
        return [text] if (text := safe_text(reasons, 300)) else []
    if isinstance(reasons, Mapping):
        for name in ("text", "words", "reason", "message"):
            if isinstance(reasons.get(name), str):
                return words(reasons[name])
        return [text for value in reasons.values() for text in words(value)]
    if isinstance(reasons, Iterable) and not isinstance(reasons, bytes):
        return [text for value in reasons for text in words(value)]
    return []
