"""Detects the encoding of a text file: byte order marks, UTF-16, UTF-8, and the common code pages."""

from __future__ import annotations

import codecs

from catalog.csvio.csv_error import CsvSourceError

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MIN_VALID = 10
"""Valid characters beyond ASCII for each invalid one, from which a text is UTF-8 with stray bytes."""
# By frequency: the first one is taken if several are equally likely.
_CANDIDATES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr"]


def decode(name: str, content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text without a byte order mark, and its encoding, which is detected unless it is given.

    Raises CsvSourceError for an unknown encoding, for text that is not in it, and for a NUL character.
    """
    if encoding is None:
        detected = detect_encoding(content)
        text = content.decode(detected, "replace")
    else:
        text, detected = _decode_as(name, content, encoding)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CsvSourceError(f"{name}, line {line}: a NUL character; this is not a text file")
    return text.removeprefix("\ufeff"), detected


def detect_encoding(content: bytes, *, is_whole: bool = True) -> str:
    """The encoding by the byte order mark, else UTF-8 if the content is valid, else the most likely one.

    `content` may be the beginning of a file, which ends within a character, unless it `is_whole`.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    # Every second byte of Latin text in UTF-16 is zero; which one shows the byte order.
    for start, encoding in enumerate(("utf-16-be", "utf-16-le")):
        half = content[start:1000:2]
        if half.count(0) * 5 > len(half):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=is_whole)
    except UnicodeDecodeError:
        return _most_likely(content)
    return "utf-8"


def known_encoding(encoding: str) -> str:
    """The standard name of a text encoding. Raises CsvSourceError if there is none."""
    try:
        found = codecs.lookup(encoding)
        "".encode(found.name)
    except (LookupError, UnicodeError):
        raise CsvSourceError(
            f"there is no encoding {encoding!r}; examples: utf-8, utf-16, cp1252, cp1250, cp1251, cp932"
        ) from None
    return found.name


def _most_likely(content: bytes) -> str:
    from charset_normalizer import from_bytes

    text = content.decode("utf-8", "replace")
    damaged = text.count("\N{REPLACEMENT CHARACTER}")
    if len(text) - len(text.encode("ascii", "ignore")) > MIN_VALID * damaged:
        # Text in another encoding is hardly ever valid; a few stray bytes do not change the others.
        return "utf-8"
    likely = from_bytes(content, cp_isolation=_CANDIDATES)
    if not likely:
        return "latin-1"
    least = min(match.chaos for match in likely)
    # A short text may be valid in several encodings, which read "Peña" as "Peńa" or with a Chinese character.
    equal = {name for match in likely if match.chaos == least for name in match.could_be_from_charset}
    return next(name for name in _CANDIDATES if name in equal)


def _decode_as(name: str, content: bytes, encoding: str) -> tuple[str, str]:
    standard = known_encoding(encoding)
    try:
        return content.decode(standard), standard
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CsvSourceError(
            f"{name}, line {line}: the text is not {standard}; leave out --encoding to detect it"
        ) from None
