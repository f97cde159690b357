"""A file of any size, in any common encoding or in Excel's format, as a stream of UTF-8 text."""

from __future__ import annotations

import codecs
import io
from typing import Protocol

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.excel_file import read_sheet
from catalog.csvio.file_format import HEAD, MAX_FILE_SIZE, is_excel, require_text
from catalog.csvio.text_encoding import detect_encoding, known_encoding
from catalog.db.query.cell_format import csv_writer

SAMPLE = 1 << 20
"""Bytes by which the encoding is detected."""


class ByteStream(Protocol):
    """A file that is read from the beginning to the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at least one; empty at the end."""


def utf8_stream(name: str, stream: ByteStream, encoding: str | None = None) -> ByteStream:
    """The content as UTF-8 text; UTF-8 is not changed. `name` is used in messages.

    Raises CsvSourceError for an unreadable file, an unknown encoding, and another format than CSV or Excel.
    """
    try:
        head = stream.read(SAMPLE)
        if head.startswith(b"PK"):
            head += stream.read(MAX_FILE_SIZE)
    except OSError as error:
        raise CsvSourceError(f"{name} cannot be read: {error.strerror}") from error
    if is_excel(name, head):
        return _sheet_as_csv(name, head)
    require_text(name, head[:HEAD])
    detected = known_encoding(encoding) if encoding else detect_encoding(head, is_whole=len(head) < SAMPLE)
    return _Utf8Stream(head, stream, detected)


class _Utf8Stream:
    """A stream whose beginning was read already, with its text in UTF-8."""

    def __init__(self, head: bytes, stream: ByteStream, encoding: str) -> None:
        self._head = head
        self._stream = stream
        is_utf8 = encoding in {"utf-8", "utf-8-sig"}
        self._decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int, /) -> bytes:
        while True:
            block, self._head = self._head or self._stream.read(size), b""
            if self._decoder is None:
                return block
            text = self._decoder.decode(block, final=not block)
            if text or not block:
                return text.encode()


def _sheet_as_csv(name: str, content: bytes) -> ByteStream:
    """The rows, each in the line with its number."""
    text = io.StringIO(newline="")
    writer = csv_writer(text)
    line, width = 1, 0
    for number, cells in read_sheet(name, content):
        # A row ends with its last filled cell; titles before the header stay shorter than it.
        width = max(width, len(cells))
        text.write("\n" * (number - line))
        writer.writerow([*(" ".join(cell.splitlines()) for cell in cells), *[""] * (width - len(cells))])
        line = number + 1
    return io.BytesIO(text.getvalue().encode())
