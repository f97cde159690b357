"""Folding: what makes two spellings of a genre the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_JOINING_SIGNS = frozenset("&+")
_JOINERS = frozenset({"&", "and"})
_APOSTROPHES = frozenset("'`\u00b4\u02bc\u2018\u2019")
_PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
        "ŧ": "t",
    }
)


def fold(text: str) -> str:
    """The key under which a spelling is known: case, punctuation, diacritics, spaces and ways to write "and" are gone.

    `hip hop`, `Hip-Hop` and `HIPHOP` give `hiphop`; `R&B`, `RnB` and `R and B` give `rnb`. Letters of every script are
    kept, so that only a text without any letter or digit folds to nothing.
    """
    return "".join(tokens(text))


def tokens(text: str) -> list[str]:
    """The words of a spelling, folded, with `n` for every way to write "and"; joined they are what `fold` gives."""
    found = list(_words(text))
    # What joins nothing is no conjunction: the last part of "Folk, World, & Country" is "Country".
    while found and found[0] in _JOINERS:
        del found[0]
    while found and found[-1] in _JOINERS:
        del found[-1]
    return ["n" if word in _JOINERS else word for word in found]


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_PLAIN_LETTERS)
    word: list[str] = []
    for sign in plain:
        if sign in _JOINING_SIGNS:
            yield from _finished(word)
            yield "&"
        elif "\u0300" <= sign <= "\u036f" or sign in _APOSTROPHES:
            # Diacritics of alphabets go. The marks of other scripts are part of the letter: they stay.
            continue
        elif unicodedata.category(sign)[0] in "LNM":
            word.append(sign)
        else:
            yield from _finished(word)
    yield from _finished(word)


def _finished(word: list[str]) -> Iterator[str]:
    """The word, unless it is nothing but marks, such as the variation selector of an emoji."""
    if any(sign.isalnum() for sign in word):
        yield unicodedata.normalize("NFC", "".join(word))
    word.clear()
