"""Standard streams that never end a command: characters that an encoding lacks, and streams that are closed."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

ERRORS = "catalog-similar"
"""Name of the error handler of the output streams."""
SIMILAR = {
    "\N{NO-BREAK SPACE}": " ",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHTWARDS ARROW}": "->",
}
"""ASCII for characters that Unicode does not decompose."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}?"
"""Characters for those without a similar one; the first that the encoding has."""


def prepare_standard_streams() -> None:
    """Makes stdin, stdout and stderr usable, before any file is opened.

    A closed stream becomes the null device: a file that is opened later, such as the database, must not get its
    descriptor. A character that the encoding of stdout or stderr lacks is written as a similar one, or as a question
    mark.
    """
    # The lowest free descriptor is taken: one after the other.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115
    codecs.register_error(ERRORS, _encode_similar)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def use_utf8(stream: object) -> None:
    """Makes a stream write UTF-8 if it is not a terminal: programs read the file or pipe."""
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty() and not is_unicode(stream.encoding):
        stream.reconfigure(encoding="utf-8", errors=ERRORS)


def is_unicode(encoding: str) -> bool:
    """Whether an encoding has all characters."""
    return codecs.lookup(encoding).name.startswith("utf")


def _encode_similar(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    text = "".join(_similar(each, error.encoding) for each in characters)
    # Python's encoder for UTF-8 takes other text than ASCII as bytes only.
    return text.encode() if error.encoding == "utf-8" else text, error.end


def _similar(character: str, encoding: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)
    base: str = "".join(each for each in decomposed if not unicodedata.combining(each))
    candidates: tuple[str, ...] = (SIMILAR.get(character, ""), base, *UNKNOWN)
    return next(text for text in candidates if text and _is_encodable(text, encoding))


def _is_encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
