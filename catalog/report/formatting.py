"""Text and number formats of the report and the review page: untrusted text is cleaned and cut."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from catalog.text import DIRECTION_CONTROLS, one_line, percent, pluralize

if TYPE_CHECKING:
    import jinja2

LONGEST = 120
"""Characters shown of a name or title."""
LONGEST_GENRE = 50
LONGEST_REASON = 300

_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def safe_text(value: object, longest: int = LONGEST) -> str:
    """Text on one line of at most `longest` characters, without characters that could break a page.

    Direction controls are removed; control characters, lone surrogates and unassigned code points become U+FFFD.
    Joiners stay, because scripts and emoji need them. Escaping is left to the template.
    """
    if value is None:
        return ""
    # Four times the limit is enough input: a title may be as long as a book.
    start = str(value)[: longest * 4]
    return one_line("".join(sign for sign in start if sign not in DIRECTION_CONTROLS), longest)


def isolated(value: object, longest: int = LONGEST) -> str:
    """Safe text between directional isolates, for places without markup, such as the title of a dot."""
    text = safe_text(value, longest)
    return f"{_ISOLATE}{text}{_END_ISOLATE}" if text else ""


def display_name(artist: object, title: object, path: object) -> str:
    """The name of a track without markup: artist and title; the file name replaces a missing title."""
    parts = [isolated(part) for part in (artist, title) if safe_text(part)]
    if not safe_text(title):
        parts.append(isolated(str(path or "").rsplit("/", maxsplit=1)[-1]) or "no title")
    return " \N{EN DASH} ".join(parts)


def thousands(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def abbreviate(number: int) -> str:
    """A whole number in at most four characters: 999, 1.2k, 34k, 5.6M."""
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


def rounded(number: float) -> str:
    """A number without decimals, with U+2212 as its minus sign."""
    return f"{round(number)}".replace("-", "\N{MINUS SIGN}")


def date_and_time(time: datetime | None) -> str:
    """Date and time in UTC, to the minute."""
    return "" if time is None else time.astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC")


def date(time: datetime | None) -> str:
    """The date in UTC."""
    return "" if time is None else time.astimezone(UTC).strftime("%-d %B %Y")


def template_environment(package: str) -> jinja2.Environment:
    """The templates of a package with all formats as filters: values are escaped, an undefined name is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = (safe_text, thousands, abbreviate, date_and_time, date, rounded, percent, pluralize)
    environment.filters |= {function.__name__: function for function in formats}
    return environment
