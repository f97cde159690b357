"""Texts in tags that do not say their encoding, or say Latin-1 and are in another code page."""

from __future__ import annotations

import codecs

from catalog.collection.scan.code_page import guess_code_page
from catalog.errors import CatalogError


class TagEncodingError(CatalogError):
    """An encoding that Python does not know, or that tags with texts of single bytes cannot have."""


class LegacyText:
    """Decodes the texts of a file whose encoding is not certain, and collects them for a guess.

    An `encoding` that does not fit a text is not used for it. Without one, texts are Latin-1 with the signs that
    Windows adds to it.
    """

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding
        self._texts: list[bytes] = []

    def decode(self, data: bytes) -> str:
        """The text of some bytes."""
        if not data.isascii():
            self._texts.append(data)
        for encoding in (self.encoding, "cp1252"):
            try:
                return data.decode(encoding or "cp1252")
            except UnicodeDecodeError:
                continue
        return data.decode("latin-1")

    def decode_utf8(self, data: bytes) -> str:
        """The text of bytes that should be UTF-8."""
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return self.decode(data)

    def guess(self) -> str | None:
        """The encoding of the texts by Python's name; None if they may be Latin-1."""
        return guess_code_page(self._texts)


def tag_encoding(name: str) -> str:
    """Python's name of an encoding. Raises TagEncodingError if tags cannot have it."""
    letters = bytes(range(0x20, 0x7F))
    try:
        if letters.decode(name) == letters.decode("ascii"):
            return codecs.lookup(name).name
    except (LookupError, ValueError):
        pass
    raise TagEncodingError(
        f"{name!r} is not an encoding of tags; for example: cp1251, cp1250, cp1253, shift_jis, gb18030"
    )
