"""Completes genres that share their last word: `Death/Black Metal` is Death Metal and Black Metal."""

from __future__ import annotations

import re
from functools import cache

from catalog.genres import seeds
from catalog.genres.fold import fold

_JOINED = re.compile(r"\s*([^&+]+?)\s+(?:&|\+|and)\s+([^&+]+?)\s*")
_HYPHENATED = re.compile(r"\w-\s*$")


def complete_elliptic(parts: list[str]) -> list[str]:
    """Alternating texts and separators of a genre tag; each text has the last word that it shares with the next one.

    A text is completed if it ends with a hyphen (`Post-/Math Rock`), or if it is not a genre and the result is one
    (`Deep/Tech House`). In lists of kinds of Metal with slashes, genres are completed too (`Folk/Viking Metal`).
    """
    parts = [
        piece for place, text in enumerate(parts) for piece in ([text] if place % 2 else _split_joined(text))
    ]
    completed = list(parts)
    metal = _kinds_of_metal(parts)
    for place in range(len(parts) - 3, -1, -2):
        endings = _endings(completed[place + 2])
        if endings:
            completed[place] = _complete(parts[place], endings, is_metal=place in metal)
    return completed


def _split_joined(text: str) -> list[str]:
    """`Death & Black Metal` as two texts and a separator; other texts as they are."""
    joined = _JOINED.fullmatch(text)
    if joined is None or _is_genre(text) or not _is_genre(joined[2]):
        return [text]
    completed = _complete(joined[1], _endings(joined[2]), is_metal=False)
    return [completed, "&", joined[2]] if completed != joined[1] else [text]


def _endings(text: str) -> list[str]:
    """The text without its first word, without its first two, and so on."""
    words = [word for word in re.split(r"[\s-]+", text) if word]
    return [" ".join(words[start:]) for start in range(1, len(words))]


def _complete(text: str, endings: list[str], *, is_metal: bool) -> str:
    last_word = endings[-1]
    if _HYPHENATED.search(text):
        return f"{text.rstrip()}{last_word}"
    if is_metal and fold(last_word) == "metal":
        return text if fold(text).endswith("metal") else f"{text.rstrip()} {last_word}"
    words = text.split()
    if not words or _is_genre(text) or _is_genre(words[-1]):
        return text
    ending = next((ending for ending in endings if _is_genre(f"{words[-1]} {ending}")), None)
    return next(
        (whole for whole in (f"{text.rstrip()} {ending}" for ending in endings) if _is_genre(whole)),
        text if ending is None else f"{text.rstrip()} {ending}",
    )


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
