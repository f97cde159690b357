"""Recognizes files that are not CSV by their first bytes, whatever their name says."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from catalog.csvio.csv_error import CsvSourceError

HEAD = 4096
"""Bytes of a file's beginning that are enough to recognize it."""

MAX_FILE_SIZE = 512 * 2**20
"""Bytes of a file that is read as a whole; a million rows take about a fifth of it."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Excel file; save it as .xlsx or CSV"),
    (b"%PDF-", "a PDF document; export the table as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!\x1a\x07", "a rar archive; unpack it first"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV"),
    (b"PAR1", "a Parquet file; convert it to CSV"),
    (b"{\\rtf", "an RTF document; save the table as CSV"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"ID3", "an audio file"),
    (b"fLaC", "an audio file"),
    (b"OggS", "an audio file"),
    (b"RIFF", "an audio file"),
    (b"#EXTM3U", "a playlist, not a table"),
)
_MARKUP = re.compile(rb"<(!doctype|html|head|body|table|\?xml)\b", re.IGNORECASE)
_JSON = re.compile(rb"(\{|\[\s*[{\[])\s*[\"\[\]{}]")
_ZIP = b"PK\x03\x04"


def require_text(name: str, head: bytes) -> None:
    """Raises CsvSourceError, with what to do, if the beginning of a file shows that it is not CSV."""
    if kind := _kind(head.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise CsvSourceError(f"{name} is not a CSV file: it is {kind}")


def is_excel(name: str, content: bytes) -> bool:
    """Whether the content is an .xlsx file. Raises CsvSourceError for any other zip file."""
    if not content.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = set(archive.namelist())
            kind = archive.read("mimetype")[:80] if "mimetype" in members else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise CsvSourceError(f"{name} is a damaged Excel or zip file: {error}") from None
    if "xl/workbook.xml" in members:
        return True
    if b"opendocument" in kind:
        raise CsvSourceError(f"{name} is an OpenDocument file; save it as .xlsx or CSV")
    if "xl/workbook.bin" in members:
        raise CsvSourceError(f"{name} is a binary Excel file (.xlsb); save it as .xlsx or CSV")
    if "[Content_Types].xml" in members:
        raise CsvSourceError(f"{name} is an office document without a table; save the table as CSV")
    raise CsvSourceError(f"{name} is a zip archive; unpack it first")


def source_name(file: Path) -> str:
    """The name of a file in messages; `-` is the standard input."""
    return "standard input" if str(file) == "-" else str(file)


def _kind(head: bytes) -> str | None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if _MARKUP.match(head):
        return "an HTML or XML page; open it in a spreadsheet program and save it as CSV"
    return "JSON; convert it to CSV" if _JSON.match(head) else None
