"""Large CSV files from a folder, a zip or a single file, read line by line with bounded memory."""

from __future__ import annotations

import codecs
import csv
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.file_format import source_name
from catalog.csvio.text_stream import ByteStream, utf8_stream

LONGEST_LINE = 4_000_000
"""Bytes of one line; a longer line is not part of a table."""
BLOCK = 1 << 20
LARGEST_FIELD = 1_000_000
"""Characters of one cell including line ends: limits the damage of an unclosed quotation mark."""
MAX_COMPRESSION_RATIO = 100
"""Highest compression ratio of a file in a zip: text has about 4, a zip bomb about 1,000."""
MAX_EXAMPLES = 1_000
"""Issues whose text is kept; all are counted."""


@dataclass
class ImportIssues:
    """Skipped rows of a file, with their lines."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    """The first thousand."""
    blank: int = 0
    """Rows with a key and empty cells: not an issue, nothing to import."""

    def add(self, file: str, line: int, reason: str) -> None:
        """Counts one issue."""
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{file}, line {line}: {reason}")

    def add_undecoded(self, lines: BoundedLines) -> None:
        """Counts the lines with characters that are not UTF-8."""
        for number in lines.undecoded:
            self.add(
                lines.name, number, "not UTF-8; invalid characters imported as \N{REPLACEMENT CHARACTER}"
            )


class BoundedLines:
    """The lines of a UTF-8 file with their line ends, at most LONGEST_LINE bytes each."""

    def __init__(self, name: str, stream: ByteStream) -> None:
        self.name = name
        self.taken = 0
        """The number of lines returned by `take`."""
        self.undecoded: list[int] = []
        """Numbers of the lines in which `text` replaced invalid characters."""
        self._blocks = self._whole_lines(stream)
        self._pending: list[bytes] = []

    def take(self) -> str:
        """The next line; empty at the end of the file."""
        line = next(self.rest(), b"")
        self.taken += bool(line)
        return line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")

    def peek(self, number: int) -> list[str]:
        """The next lines, which `take` returns again; the last one may be cut in a file without line ends."""
        ahead = list(islice(self.rest(), number))
        self._pending += ahead[::-1]
        return [line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace") for line in ahead]

    def rest(self) -> Iterator[bytes]:
        """The remaining lines."""
        while True:
            while self._pending:
                yield self._pending.pop()
            block = next(self._blocks, None)
            if block is None:
                return
            self._pending = block.splitlines(keepends=True)[::-1]

    def text(self) -> Iterator[str]:
        """The remaining lines as text; invalid UTF-8 is replaced character by character."""
        pending, self._pending = b"".join(self._pending[::-1]), []
        return chain.from_iterable(self._decoded(chain([pending], self._blocks)))

    def blocks(self) -> Iterator[bytes]:
        """The remaining lines in blocks, each line ended by a line feed."""
        pending, self._pending = b"".join(self._pending[::-1]), []
        for block in chain([pending], self._blocks):
            if block:
                yield with_line_feeds(block)

    def _decoded(self, blocks: Iterator[bytes]) -> Iterator[Iterator[str]]:
        before = self.taken
        for block in blocks:
            try:
                text = block.decode("utf-8")
            except UnicodeDecodeError:
                text = block.decode("utf-8", "replace")
                lines = enumerate(block.split(b"\n"), before + 1)
                self.undecoded += [number for number, line in lines if not _is_utf8(line)]
            before += block.count(b"\n")
            yield io.StringIO(text, newline="")

    def _whole_lines(self, stream: ByteStream) -> Iterator[bytes]:
        """The file in blocks that end at a line end."""
        partial = b""
        while True:
            try:
                block = stream.read(BLOCK)
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                raise CsvSourceError(f"{self.name} cannot be read to its end: {error}") from error
            if not block:
                break
            end = block.rfind(b"\n") + 1
            if end:
                yield partial + block[:end]
                partial = block[end:]
            else:
                partial += block
            if len(partial) > LONGEST_LINE:
                raise CsvSourceError(
                    f"{self.name} has a line of more than {LONGEST_LINE:,} bytes; this is not a CSV file"
                )
        if partial:
            yield partial


def with_line_feeds(block: bytes) -> bytes:
    """The block with every line, including the last one, ended by a line feed."""
    if b"\r" in block:
        return b"\n".join(block.splitlines()) + b"\n"
    return block if block.endswith(b"\n") else block + b"\n"


def rows(lines: BoundedLines) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file whose cells may span lines: the line number of the start, and the cells.

    Raises CsvSourceError for an unclosed cell.
    """
    previous = csv.field_size_limit(LARGEST_FIELD)
    before = lines.taken + 1
    text = lines.text()
    reader = csv.reader(chain((line.removeprefix("\ufeff") for line in islice(text, 1)), text))
    begin = before
    try:
        for cells in reader:
            if cells:
                yield begin, cells
            begin = before + reader.line_num
    except csv.Error as error:
        raise CsvSourceError(f"{lines.name}, line {begin}: {error}") from error
    finally:
        csv.field_size_limit(previous)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class CsvBundle:
    """A folder or zip of CSV files, or a single CSV file. Nothing is unpacked to disk."""

    def __init__(self, place: Path, single_name: str) -> None:
        """`single_name` is the name under which a single CSV file is members_by_name.

        Raises CsvSourceError for any other path and for a malicious zip.
        """
        self.place = place
        self._members: dict[str, list[zipfile.ZipInfo]] | None = None
        self._single_name = single_name if place.suffix.lower() == ".csv" and place.is_file() else None
        if place.is_dir() or self._single_name is not None:
            return
        if not place.exists():
            raise CsvSourceError(f"{place} does not exist")
        if not zipfile.is_zipfile(place):
            raise CsvSourceError(f"{place} is not a folder, zip or CSV file")
        try:
            with zipfile.ZipFile(place) as archive:
                self._members = _safe_members(place, archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise CsvSourceError(f"{place} is a damaged zip: {error}") from error

    def has(self, name: str) -> bool:
        """Whether there is a file of that name, in a zip at any depth. Raises CsvSourceError if a zip has two."""
        if self._single_name is not None:
            return name == self._single_name
        if self._members is None:
            return (self.place / name).is_file()
        members = self._members.get(name, [])
        if len(members) > 1:
            both = " and ".join(repr(each.filename) for each in members[:2])
            raise CsvSourceError(f"{self.place} holds {both}; unpack it and name the folder of one")
        return bool(members)

    @contextmanager
    def open(self, name: str) -> Iterator[BoundedLines]:
        """Opens one file."""
        if self._members is None:
            # The archive's files are UTF-8; a wrong byte does not make them another encoding.
            with open_lines(self.place if self._single_name else self.place / name, "utf-8") as lines:
                yield lines
            return
        with zipfile.ZipFile(self.place) as archive, archive.open(self._members[name][0]) as stream:
            yield BoundedLines(name, stream)


@contextmanager
def open_lines(file: Path, encoding: str | None = None) -> Iterator[BoundedLines]:
    """Opens a single file; `-` is the standard input. The encoding is detected in the first megabyte by default.

    The first sheet of an Excel file is read as CSV. Raises CsvSourceError if the file cannot be read or is in another
    format.
    """
    name = source_name(file)
    is_standard_input = str(file) == "-"
    try:
        stream = nullcontext(sys.stdin.buffer) if is_standard_input else file.open("rb")
    except OSError as error:
        raise CsvSourceError(f"{file} cannot be read: {error.strerror}") from error
    with stream as content:
        yield BoundedLines(name if is_standard_input else file.name, utf8_stream(name, content, encoding))


def _safe_members(place: Path, members: list[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    """The files of a zip by base name: the one nearest to the root, or several at equal depth."""
    members_by_name: dict[str, list[zipfile.ZipInfo]] = {}
    for member in sorted(members, key=_depth):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts[:1] and ":" in path.parts[0]):
            raise CsvSourceError(f"{place} holds the unsafe path {member.filename!r}; it was not opened")
        if member.flag_bits & 1:
            raise CsvSourceError(f"{place} is encrypted; unpack it and name the folder")
        if member.file_size > MAX_COMPRESSION_RATIO * max(member.compress_size, 10_000):
            raise CsvSourceError(
                f"{place}: {member.filename!r} would expand from {member.compress_size:,} to "
                f"{member.file_size:,} bytes; refused as a zip bomb"
            )
        if not member.is_dir():
            nearest = members_by_name.setdefault(path.name, [member])
            if nearest[0] is not member and _depth(nearest[0]) == _depth(member):
                nearest.append(member)
    return members_by_name


def _depth(member: zipfile.ZipInfo) -> int:
    return member.filename.replace("\\", "/").count("/")
