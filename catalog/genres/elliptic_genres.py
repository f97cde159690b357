"""Completes genres that share their last word: `Death/Black Metal` is Death Metal and Black Metal."""

from __future__ import annotations

import re
from functools import cache

from catalog.genres import seeds
from catalog.genres.fold import fold

_LAST_WORD = re.compile(r"[\s-]([^\s-]+)\s*$")
_HYPHENATED = re.compile(r"\w-\s*$")


def complete_elliptic(parts: list[str]) -> list[str]:
    """Alternating texts and separators of a genre tag; each text has the last word that it shares with the next one.

    A text is completed if it ends with a hyphen (`Post-/Math Rock`), or if it is not a genre and the result is one
    (`Deep/Tech House`). In lists of kinds of Metal with slashes, genres are completed too (`Folk/Viking Metal`).
    """
    completed = list(parts)
    metal = _kinds_of_metal(parts)
    for place in range(len(parts) - 3, -1, -2):
        last_word = _LAST_WORD.search(completed[place + 2])
        if last_word is not None:
            completed[place] = _complete(parts[place], last_word[1], is_metal=place in metal)
    return completed


def _complete(text: str, last_word: str, *, is_metal: bool) -> str:
    if _HYPHENATED.search(text):
        return f"{text.rstrip()}{last_word}"
    whole = f"{text.rstrip()} {last_word}"
    if is_metal and fold(last_word) == "metal":
        return text if fold(text).endswith("metal") else whole
    words = text.split()
    is_new = not _is_genre(text) and bool(words) and not _is_genre(words[-1])
    return whole if is_new and (_is_genre(whole) or _is_genre(f"{words[-1]} {last_word}")) else text


def _kinds_of_metal(parts: list[str]) -> frozenset[int]:
    """The places of the first texts, as far as slashes follow them and each names a kind of Metal."""
    places = []
    for place in range(0, len(parts) - 1, 2):
        text = parts[place]
        if parts[place + 1] != "/" or not (_is_genre(f"{text} metal") or fold(text).endswith("metal")):
            break
        places.append(place)
    return frozenset(places)


def _is_genre(text: str) -> bool:
    return fold(text) in _known_keys()


@cache
def _known_keys() -> frozenset[str]:
    return frozenset(map(fold, seeds.spellings()))
