"""Parses the text of a genre tag into genres as written, and recognizes words for "no genre"."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.entities import html5

from catalog.genres import seeds
from catalog.genres.elliptic_genres import complete_elliptic
from catalog.genres.fold import fold
from catalog.text import sanitize

LONGEST_TEXT = 4096
"""Characters of one tag that are read; the rest, and a genre that is cut there, are ignored."""
LONGEST_NAME = 100
"""Characters of one genre; longer text is a description."""
MOST_GENRES = 32
"""Number of genres of one track that are read."""

Compound = tuple[str, ...]
"""A spelling that contains a separator, as alternating folded parts and separators: `("pop", "/", "funk")`."""

# Full-width forms from East Asian keyboards are equivalent; U+3001 is the ideographic comma. U+30FB is no separator:
# it stands between the words of one Japanese name.
_HARD = re.compile(
    r"[;\0\n\v\f\r\x85\u2028\u2029\uff1b\u061b]"
    r"|-{3,}|\s--\s|::|\.{3,}|\u2026"  # Discogs; hierarchies; ellipses
    r"|[-=\u2013\u2014]*>+|[\u00bb\u203a\u2192\u21d2\u25ba\u25b8]"  # arrows
    r"|[\u00a6\u2022\u2023\u2027\u2219\u25a0\u25aa\u25cf\u25e6]|(?<![lL])\u00b7"  # bullets; Catalan has l\u00b7l
)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp)\b;?|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE
)
_SOFT = {sign: sign for sign in "/\\|,"} | {
    "\uff0f": "/",
    "\u2044": "/",
    "\u2215": "/",
    "\uff3c": "\\",
    "\uff5c": "|",
    "\uff0c": ",",
    "\u3001": ",",
    "\u060c": ",",
}
_REFERENCE = re.compile(r"\((\d{1,3}|RX|CR)\)")
_NUMBER = re.compile(r"\(?\s*([0-9]+)\s*\)?")
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}


def split_genres(text: str, compounds: frozenset[Compound] = frozenset()) -> list[str]:
    r"""The distinct genres of one tag, in order.

    They are verbatim, except that entities are decoded and shortened lists are completed.

    Separators are `/`, `\`, `|`, `,`, `;`, `---`, `>`, arrows, bullets, `…`, line ends and NUL. Entities
    are decoded first: `R&amp;B`. A spelling with `/`, `\`, `|` or `,` is not split if it is a seed's (`Pop/Funk`,
    `N/A`) or one of the compounds (see `split_compound`); the longest match is used. Nor is text in brackets split at
    these: `Techno (Peak Time / Driving)`. A shared last word is added: `Death/Black Metal` gives `Death Metal` and
    `Black Metal`. ID3v2.3 references are separated: `(4)Eurodisco` gives `(4)` and `Eurodisco`. Returns at most
    MOST_GENRES genres of at most LONGEST_NAME characters.
    """
    all_compounds = seed_compounds() | compounds
    pieces = [
        piece
        for chunk in _HARD.split(_decode_entities(text[:LONGEST_TEXT]))
        for piece in _split_references(chunk, all_compounds)
    ]
    if len(text) > LONGEST_TEXT:
        del pieces[-1:]
    genres: dict[str, str] = {}
    for piece in pieces:
        written = sanitize(piece)
        key = fold(written)
        if key and len(written) <= LONGEST_NAME:
            genres.setdefault(key, written)
    return list(genres.values())[:MOST_GENRES]


def canonical_name(written: str) -> str | None:
    """The name of a genre as written; None if the text is not a genre.

    `17` and `(17)` are Rock by the ID3 list. Not genres: `Other` and its equivalents in about thirty languages, number
    12 and numbers outside the ID3 list, text without a letter, and text that is too long.
    """
    if len(written) > LONGEST_NAME or ";" in written:
        return None
    name = sanitize(written)
    number = _NUMBER.fullmatch(name)
    if number:
        return seeds.id3v1_genre_name(int(number[1]))
    key = fold(name)
    if key in seeds.null_genres() or not any(sign.isalpha() for sign in key):
        return None
    return name


def split_compound(spelling: str) -> Compound | None:
    """The lookup form of a spelling that contains a separator; None for other spellings."""
    parts = list(_parts(spelling))
    return _compound(parts) if len(parts) > 1 else None


def find_compounds(spellings: Iterable[str]) -> frozenset[Compound]:
    """The compounds among some spellings, for `split_genres`."""
    return frozenset(compound for spelling in spellings if (compound := split_compound(spelling)))


@cache
def seed_compounds() -> frozenset[Compound]:
    """The compounds among the spellings of seeds and the words for "no genre"."""
    return find_compounds([*seeds.spellings(), *seeds.null_genre_words()])


def _decode_entities(text: str) -> str:
    """The text without HTML entities, which some programs encode twice. Each round shortens the text."""
    while (decoded := _ENTITY.sub(_decode_entity, text)) != text:
        text = decoded
    return text


def _decode_entity(entity: re.Match[str]) -> str:
    name = entity[0][1:].removesuffix(";")
    if name.startswith("#"):
        return html.unescape(f"&{name};")
    # Not html.unescape(), which decodes the beginning of a longer word.
    return html5.get(f"{name};", html5.get(f"{name.lower()};", entity[0]))


def _split_references(chunk: str, known: frozenset[Compound]) -> Iterator[str]:
    rest = chunk.strip()
    while reference := _REFERENCE.match(rest):
        yield reference[0]
        rest = rest[reference.end() :].lstrip()
    # ID3v2.3 doubles the bracket of a text that begins with one.
    yield from _split_soft(rest.removeprefix("(") if rest.startswith("((") else rest, known)


def _split_soft(chunk: str, known: frozenset[Compound]) -> Iterator[str]:
    for piece in complete_elliptic(_join_known(list(_parts(chunk)), known))[::2]:
        reference = _REFERENCE.match(piece.strip())
        yield from [reference[0], piece.strip()[reference.end() :]] if reference else [piece]


def _join_known(parts: list[str], known: frozenset[Compound]) -> list[str]:
    """Alternating texts and separators; known spellings with a separator are one text."""
    longest = max(map(len, known), default=1)
    joined = []
    start = 0
    while start < len(parts):
        end = min(len(parts), start + longest)
        # An odd number of parts, so that the slice begins and ends with a text.
        end -= (end - start + 1) % 2
        while end > start + 1 and _compound(parts[start:end]) not in known:
            end -= 2
        joined += ["".join(parts[start:end]), *parts[end : end + 1]]
        start = end + 1
    return joined


def _compound(parts: list[str]) -> Compound:
    return tuple(fold(part) if place % 2 == 0 else _SOFT[part] for place, part in enumerate(parts))


def _parts(text: str) -> Iterator[str]:
    """Alternating texts and separators; separators in brackets belong to the text."""
    balanced = _is_balanced(text)
    depth = 0
    start = 0
    for place, sign in enumerate(text):
        depth += _BRACKETS.get(sign, 0)
        if sign in _SOFT and not (balanced and depth):
            yield text[start:place]
            yield sign
            start = place + 1
    yield text[start:]


def _is_balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += _BRACKETS.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0
