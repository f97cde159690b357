"""What the text of a genre tag says: which genres it names, as written, and which words are no genre."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from catalog.genres import seeds
from catalog.genres.fold import fold
from catalog.text import sanitize

LONGEST_TEXT = 4096
"""Characters of one tag that are read; the rest, and the genre cut off there, are not."""
LONGEST_NAME = 100
"""Characters of one genre; a longer text is a description."""
MOST_GENRES = 32
"""Genres of one track that are kept, the first ones."""

Compound = tuple[str, ...]
"""A spelling that holds a separator, as folded parts and separators in turn: `("pop", "/", "funk")`."""

# The full-width forms of East Asian keyboards count like the plain ones; U+3001 is the comma of lists there.
_HARD = re.compile(r"[;\0\n\r\u2028\u2029\uff1b]")
_SOFT = {sign: sign for sign in "/\\|,"} | {
    "\uff0f": "/",
    "\uff3c": "\\",
    "\uff5c": "|",
    "\uff0c": ",",
    "\u3001": ",",
}
_REFERENCE = re.compile(r"\((\d{1,3}|RX|CR)\)")
_NUMBER = re.compile(r"\(?\s*([0-9]+)\s*\)?")
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}


def split_genres(text: str, compounds: frozenset[Compound] = frozenset()) -> list[str]:
    r"""The genres that one tag names, verbatim, in order, each once.

    Genres end at `/`, `\`, `|`, `,`, `;`, a line's end, or NUL. A spelling that itself holds a separator stays whole
    where it is one of the seeds' (`Pop/Funk`, `N/A`) or one of the compounds (see `compound`); the longest wins. So
    does what stands in brackets: `Techno (Peak Time / Driving)`. References as in ID3v2.3 come apart: `(4)Eurodisco`
    gives `(4)` and `Eurodisco`. At most MOST_GENRES, none longer than LONGEST_NAME.
    """
    known = seed_compounds() | compounds
    pieces = [
        piece for chunk in _HARD.split(text[:LONGEST_TEXT]) for piece in _references_apart(chunk, known)
    ]
    if len(text) > LONGEST_TEXT:
        del pieces[-1:]
    found: dict[str, str] = {}
    for piece in pieces:
        written = sanitize(piece)
        key = fold(written)
        if key and len(written) <= LONGEST_NAME:
            found.setdefault(key, written)
    return list(found.values())[:MOST_GENRES]


def canonical_name(written: str) -> str | None:
    """The name that a genre as written stands for, or None where it is no genre.

    `17` and `(17)` are Rock by the ID3 list. No genre are `Other` and its like in some thirty languages, numbers beyond
    the list and 12, texts without a letter, and texts that are too long.
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
    """The form in which a spelling that holds a separator is looked for; None for one that holds none."""
    parts = list(_parts(spelling))
    return _compound(parts) if len(parts) > 1 else None


def find_compounds(spellings: Iterable[str]) -> frozenset[Compound]:
    """The compounds among some spellings, for `split`."""
    return frozenset(found for spelling in spellings if (found := split_compound(spelling)))


@cache
def seed_compounds() -> frozenset[Compound]:
    """The compounds among the seeds' spellings and the words that are no genre."""
    return find_compounds([*seeds.spellings(), *seeds.null_genre_words()])


def _references_apart(chunk: str, known: frozenset[Compound]) -> Iterator[str]:
    rest = chunk.strip()
    while reference := _REFERENCE.match(rest):
        yield reference[0]
        rest = rest[reference.end() :].lstrip()
    # ID3v2.3 writes a text that begins with a bracket with two of them.
    yield from _separated(rest.removeprefix("(") if rest.startswith("((") else rest, known)


def _separated(chunk: str, known: frozenset[Compound]) -> Iterator[str]:
    parts = list(_parts(chunk))
    longest = max(map(len, known), default=1)
    start = 0
    while start < len(parts):
        end = min(len(parts), start + longest)
        # An odd number of parts begins and ends with a text, not with a separator.
        end -= (end - start + 1) % 2
        while end > start + 1 and _compound(parts[start:end]) not in known:
            end -= 2
        yield "".join(parts[start:end])
        start = end + 1


def _compound(parts: list[str]) -> Compound:
    return tuple(fold(part) if place % 2 == 0 else _SOFT[part] for place, part in enumerate(parts))


def _parts(text: str) -> Iterator[str]:
    """Texts and the separators between them in turn, but for separators in brackets."""
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
