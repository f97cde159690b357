"""Guesses the code page of short texts. Texts that may be Latin-1 in a Western European language stay Latin-1."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(rb"[A-Za-z\x80-\x9f\xa1-\xff]+")
_PUNCTUATION = re.compile(r"[\u00a0\u00ab\u00bb\u2000-\u206f\u2116]")
"""Spaces, quotation marks and dashes of all Windows code pages, and the number sign of the Cyrillic one."""
_MIN_LETTERS = 3
"""Letters that a guess of another script needs. If there are no more, they are one word with a very good score."""
_MIN_SCORE = -0.35
_CERTAIN_SCORE = 0.2
_SHORT_SCORE = 0.5
_MAX_ASCII_SHARE = 0.15
_MIN_LETTER_SHARE = 0.75
"""The part of the bytes beyond ASCII that must be letters."""
_RARE = 0.3
"""How much better the code pages of Unix and DOS must score than that of Windows."""

_SCRIPTS = {
    "cp1251": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіјёїєъўљњђћџ",
    "koi8_r": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "cp866": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "cp1253": "αοιετσνηυρπκμλςωόέίδγάήχθύφβώξζψϊϋ",
    "cp1255": "יוהלארתבמשנםדקעפחןטכגסזצךףץ",
    "cp1256": "اليمنورتبعهدسفكقحأةجشصإطخىضزثذئءغآظؤ",
}
"""Letters by falling frequency in the language of a code page."""

_WESTERN = tuple(
    map(
        frozenset,
        (
            *(
                "àâæçèéêëîïôùûüÿœ",
                "äöüß",
                "áéíóúüñçïªº",
                "ãõáâàéêíóôúüç",
                "àèéìíîòóùúª",
                "åäöéüà",
                "æøåéèòóôüäö",
            ),
            *("áéíóúýþæöð", "ëéïóöüèáíàê", "äöõüšž", "àçèéíïòóúü", "âêîôûŵŷáàäë", "áðíóúýæø"),
        ),
    )
)
"""Letters of French, German, Spanish, Portuguese, Italian, Swedish, Danish, Icelandic, Dutch, Estonian, Catalan, Welsh,
and Faroese, which is not used for single words, because Czech words look like it.
"""
_CENTRAL = tuple(
    map(
        frozenset,
        ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    )
)
"""Letters of Polish, Czech, Slovak, Hungarian, Romanian and Croatian."""
_MIN_CENTRAL = 2
"""Letters that differ between the code pages, in words of no Western language, that a guess needs.

One letter is enough in words with more than this number of accented letters.
"""
_POLISH = re.compile(rb"[a-z][\xb3\xbf][a-z]")
"""`ł` or `ż` in a word, which no Western language has there; counts as one more letter."""

_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"

_MULTIBYTE = ("cp932", "euc_jp", "cp949", "gbk", "big5")
_MIN_WIDE = 3
_MIN_COMMON = 0.85


def guess_code_page(texts: Sequence[bytes]) -> str | None:
    """Python's name of the encoding of some texts of one file; None if they may be Latin-1 or are too short to tell."""
    data = b"\n".join(text for text in texts if not text.isascii())
    if not data:
        return None
    if _decode(data, "utf-8") is not None:
        return "utf-8"
    words = [word for word in _WORD.findall(data) if not word.isascii()]
    high = sum(byte > 127 for word in words for byte in word)
    ascii_letters = sum(map(len, words)) - high
    best: tuple[float, str | None] = (-math.inf, None)
    if high >= _MIN_LETTERS and ascii_letters <= _MAX_ASCII_SHARE * high:
        best = max((_script_score(b"\n".join(words), name), name) for name in _SCRIPTS)
    if best[0] < _CERTAIN_SCORE:
        for name in _MULTIBYTE:
            if _is_multibyte(data, name):
                return name
    needed = _CERTAIN_SCORE if _is_western(words) else _MIN_SCORE
    if high == _MIN_LETTERS:
        needed = _SHORT_SCORE if len(words) == 1 else math.inf
    if best[0] >= needed:
        return best[1]
    return "cp1250" if _is_central(words) else None


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _script_score(data: bytes, encoding: str) -> float:
    """The mean over all letters of log(p / p0), p approximately the letter's frequency, p0 that of a random letter."""
    text = _decode(data, encoding)
    if text is None:
        return -math.inf
    order = _SCRIPTS[encoding]
    signs = [sign for sign in text if not sign.isascii() and not _PUNCTUATION.match(sign)]
    high = sum(byte > 127 for byte in data)
    if len(signs) < _MIN_LETTER_SHARE * high or len({sign.lower() for sign in signs}) < min(high, 4) - 1:
        return -math.inf
    ranks = [order.find(sign.lower()) for sign in signs]
    score = sum(math.log(4.4) - rank / 9 if rank >= 0 else -4.0 for rank in ranks)
    score -= 3 * sum(after.isupper() and before.islower() for before, after in pairwise(text))
    return score / len(signs) - (_RARE if encoding in {"koi8_r", "cp866"} else 0)


def _is_multibyte(data: bytes, encoding: str) -> bool:
    """Whether nearly all signs beyond ASCII are common ones of an East Asian language, side by side."""
    text = _decode(data, encoding)
    if text is None:
        return False
    wide = [place for place, sign in enumerate(text) if unicodedata.east_asian_width(sign) in "WF"]
    if len(wide) < _MIN_WIDE or any(
        not sign.isascii() for sign in set(text) - {text[place] for place in wide}
    ):
        return False
    places = set(wide)
    alone = sum(place - 1 not in places and place + 1 not in places for place in wide)
    letters = [text[place] for place in wide if text[place].isalpha() or text[place] == "ー"]
    common = sum(_is_common(letter, encoding) for letter in letters)
    has_kana = any("\u3040" <= letter <= "\u30ff" for letter in letters)
    return (
        alone <= len(wide) / 4
        and common >= max(_MIN_WIDE, _MIN_COMMON * len(letters))
        and (has_kana or encoding != "euc_jp")
    )


def _is_common(letter: str, encoding: str) -> bool:
    """Whether a letter is kana, or in the part of the code page with the common letters."""
    if encoding in {"cp932", "euc_jp"} and "\u3040" <= letter <= "\u30ff":
        return True
    lead, trail = letter.encode(encoding)
    first, last = {
        "cp932": (0x88, 0x98),
        "euc_jp": (0xB0, 0xCF),
        "cp949": (0xB0, 0xC8),
        "gbk": (0xB0, 0xD7),
        "big5": (0xA4, 0xC6),
    }[encoding]
    return first <= lead <= last and (trail >= 0xA1 or encoding in {"cp932", "big5"})


def _is_western(words: Sequence[bytes]) -> bool:
    """Whether the words fit one Western European language."""
    letters = set[str]().union(*(_letters(word, "cp1252") for word in words))
    return any(letters <= alphabet for alphabet in _WESTERN)


def _is_central(words: Sequence[bytes]) -> bool:
    """Whether the words fit one Central European language, and several letters fit no Western one."""
    letters = set[str]().union(*(_letters(word, "cp1250") for word in words))
    if _is_western(words) or not any(letters <= alphabet for alphabet in _CENTRAL):
        return False
    foreign = [word for word in words if not any(_letters(word, "cp1252") <= each for each in _WESTERN[:-1])]
    central = set[str]().union(*(_letters(word, "cp1250") for word in foreign))
    different = central - set[str]().union(*(_letters(word, "cp1252") for word in foreign))
    polish = sum(bool(_POLISH.search(word)) for word in words)
    return len(different) + polish >= _MIN_CENTRAL or (bool(different) and len(central) > _MIN_CENTRAL)


def _letters(word: bytes, encoding: str) -> set[str]:
    # A question or exclamation mark of Spanish is no letter, but its byte is one in other code pages.
    letters = word.lstrip(b"\xbf\xa1").decode(encoding, "replace").lower()
    return {sign for sign in letters if not sign.isascii()} - {_APOSTROPHE}
