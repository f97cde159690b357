"""Folding of genre spellings: equal keys mean the same genre."""

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
    """The lookup key of a spelling, without case, punctuation, diacritics, spaces and variants of "and".

    `hip hop`, `Hip-Hop` and `HIPHOP` give `hiphop`; `R&B`, `RnB` and `R and B` give `rnb`. Letters of every script are
    kept: the key is empty only for text without letters and digits.
    """
    return "".join(tokens(text))


def tokens(text: str) -> list[str]:
    """The folded words of a spelling, with `n` for every variant of "and"; joined they are the key of `fold`."""
    words = list(_words(text))
    # A leading or trailing "and" joins nothing: the last part of "Folk, World, & Country" is "Country".
    while words and words[0] in _JOINERS:
        del words[0]
    while words and words[-1] in _JOINERS:
        del words[-1]
    return ["n" if word in _JOINERS else word for word in words]


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_PLAIN_LETTERS)
    word: list[str] = []
    for sign in plain:
        if sign in _JOINING_SIGNS:
            yield from _finished(word)
            yield "&"
        elif "\u0300" <= sign <= "\u036f" or sign in _APOSTROPHES:
            # Combining diacritics are dropped. The marks of other scripts are part of the letter and stay.
            continue
        elif unicodedata.category(sign)[0] in "LNM":
            word.append(sign)
        else:
            yield from _finished(word)
    yield from _finished(word)


def _finished(word: list[str]) -> Iterator[str]:
    """Yields the word unless it consists of marks, such as the variation selector of an emoji."""
    if any(sign.isalnum() for sign in word):
        yield unicodedata.normalize("NFC", "".join(word))
    word.clear()
