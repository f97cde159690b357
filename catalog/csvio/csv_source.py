"""Where large CSV files come from: a folder, a zip or a file by itself, read line by line within bounds."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import IO

from catalog.errors import CatalogError

LONGEST_LINE = 4_000_000
"""Bytes of one line; what is longer is no table."""
BLOCK = 1 << 20
LARGEST_FIELD = 1_000_000
"""Characters of one cell, lines included: bounds what a quotation mark that is never closed can swallow."""
DENSEST = 100
"""How many times its packed size a file in a zip may have: text packs to a fourth, a bomb to a thousandth."""
SHOWN = 1_000
"""Problems that are kept in words; all are counted."""


class CsvSourceError(CatalogError):
    """A file that cannot be imported at all, in one line; nothing was changed."""


@dataclass
class ImportIssues:
    """What was left out of a file, with its line."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    """The first thousand."""
    blank: int = 0
    """Rows that are empty but for their key: no problem, and nothing to bring in."""

    def add(self, file: str, line: int, reason: str) -> None:
        """Counts one."""
        self.count += 1
        if len(self.examples) < SHOWN:
            self.examples.append(f"{file}, line {line}: {reason}")

    def add_undecoded(self, lines: BoundedLines) -> None:
        """Counts the lines that came in with letters lost."""
        for number in lines.undecoded:
            self.add(
                lines.name, number, "letters that are no UTF-8, each brought in as \N{REPLACEMENT CHARACTER}"
            )


class BoundedLines:
    """The lines of a file in UTF-8, each with its end; none longer than LONGEST_LINE."""

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.name = name
        self.taken = 0
        """Lines that `take` gave."""
        self.undecoded: list[int] = []
        """Numbers of the lines that `text` gave with letters lost, as they are no UTF-8."""
        self._blocks = self._whole_lines(stream)
        self._here: list[bytes] = []

    def take(self) -> str:
        """The next line; empty at the end."""
        line = next(self.rest(), b"")
        self.taken += bool(line)
        return line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")

    def rest(self) -> Iterator[bytes]:
        """The lines that were not taken yet."""
        while True:
            while self._here:
                yield self._here.pop()
            block = next(self._blocks, None)
            if block is None:
                return
            self._here = block.splitlines(keepends=True)[::-1]

    def text(self) -> Iterator[str]:
        """The lines that were not taken yet, as text: what is no UTF-8 costs its own letters, not the row."""
        here, self._here = b"".join(self._here[::-1]), []
        return chain.from_iterable(self._decoded(chain([here], self._blocks)))

    def blocks(self) -> Iterator[bytes]:
        """The lines that were not taken yet, many at once, all with a line feed for an end."""
        here, self._here = b"".join(self._here[::-1]), []
        for block in chain([here], self._blocks):
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

    def _whole_lines(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The file in blocks that end where a line does."""
        begun = b""
        while True:
            try:
                block = stream.read(BLOCK)
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                raise CsvSourceError(f"{self.name} cannot be read to its end: {error}") from error
            if not block:
                break
            end = block.rfind(b"\n") + 1
            if end:
                yield begun + block[:end]
                begun = block[end:]
            else:
                begun += block
            if len(begun) > LONGEST_LINE:
                raise CsvSourceError(f"{self.name} has a line that is longer than any line of a table")
        if begun:
            yield begun


def with_line_feeds(block: bytes) -> bytes:
    """Lines with a line feed for an end, the last one too, whatever they had."""
    if b"\r" in block:
        return b"\n".join(block.splitlines()) + b"\n"
    return block if block.endswith(b"\n") else block + b"\n"


def rows(lines: BoundedLines) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV whose cells may span lines: the line on which each begins, and its cells.

    Raises CsvSourceError where a cell never ends.
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
    """A folder, or a zip, of CSV files, or one CSV file by itself. Nothing is ever unpacked to the disk."""

    def __init__(self, place: Path, alone: str) -> None:
        """`alone` is the name that a CSV file by itself stands for, whatever it is called.

        Raises CsvSourceError for what is none of these, and for a zip that means harm.
        """
        self.place = place
        self._packed: dict[str, list[zipfile.ZipInfo]] | None = None
        self._alone = alone if place.suffix.lower() == ".csv" and place.is_file() else None
        if place.is_dir() or self._alone is not None:
            return
        if not place.exists():
            raise CsvSourceError(f"{place} does not exist")
        if not zipfile.is_zipfile(place):
            raise CsvSourceError(f"{place} is neither a folder nor a zip nor a CSV file")
        try:
            with zipfile.ZipFile(place) as archive:
                self._packed = _harmless(place, archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise CsvSourceError(f"{place} is a damaged zip: {error}") from error

    def has(self, name: str) -> bool:
        """Whether there is a file of that name, in a zip at any depth. Raises CsvSourceError where a zip has two."""
        if self._alone is not None:
            return name == self._alone
        if self._packed is None:
            return (self.place / name).is_file()
        members = self._packed.get(name, [])
        if len(members) > 1:
            both = " and ".join(repr(each.filename) for each in members[:2])
            raise CsvSourceError(f"{self.place} holds {both}; unpack it and name the folder of one")
        return bool(members)

    @contextmanager
    def open(self, name: str) -> Iterator[BoundedLines]:
        """The lines of one file."""
        if self._packed is None:
            with open_lines(self.place / name if self._alone is None else self.place) as lines:
                yield lines
            return
        with zipfile.ZipFile(self.place) as archive, archive.open(self._packed[name][0]) as stream:
            yield BoundedLines(name, stream)


@contextmanager
def open_lines(file: Path) -> Iterator[BoundedLines]:
    """The lines of a file by itself. Raises CsvSourceError where it cannot be opened."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise CsvSourceError(f"{file} cannot be read: {error.strerror}") from error
    with stream:
        yield BoundedLines(file.name, stream)


def _harmless(place: Path, members: list[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    """The files of a zip by their last name: that nearest to its root, or those where several are equally near."""
    found: dict[str, list[zipfile.ZipInfo]] = {}
    for member in sorted(members, key=_depth):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts[:1] and ":" in path.parts[0]):
            raise CsvSourceError(
                f"{place} holds a path that climbs out, {member.filename!r}; it was not opened"
            )
        if member.flag_bits & 1:
            raise CsvSourceError(f"{place} is encrypted; unpack it and name the folder")
        if member.file_size > DENSEST * max(member.compress_size, 10_000):
            raise CsvSourceError(
                f"{place}: {member.filename!r} would unpack to {member.file_size:,} bytes out of "
                f"{member.compress_size:,}; that is a bomb and no table"
            )
        if not member.is_dir():
            equally_near = found.setdefault(path.name, [member])
            if equally_near[0] is not member and _depth(equally_near[0]) == _depth(member):
                equally_near.append(member)
    return found


def _depth(member: zipfile.ZipInfo) -> int:
    return member.filename.replace("\\", "/").count("/")
