"""Reads a labels file: a CSV table of tracks and genres, in any common encoding and with any common separator."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.collection.naming.tag_values import text_of
from catalog.errors import CatalogError
from catalog.genres.genre_tag import LONGEST_TEXT

ROLES = ("path", "external_id", "genre", "artist", "album", "title")
"""What a column may be. `genre` and one of the first two are needed."""
OPTIONAL_COLUMNS = {"source": ("source",), "stated_by": ("stated_by", "said_by")}
"""Columns that `catalog export labels` writes, by role; `said_by` is the name in development versions."""
SEPARATORS = ",;\t|"
MAX_FILE_SIZE = 512 * 2**20
"""In bytes; a million rows take about a fifth of it."""
MAX_SHOWN_NAME = 40
"""Characters of a column name in a message."""

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# By frequency: the first one is taken if several are equally likely.
_CANDIDATES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr"]


class LabelFileError(CatalogError):
    """A labels file cannot be imported; nothing was changed."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row."""

    line: int
    """The line of the file where the row begins; the header is line 1."""
    path: str | None
    external_id: str | None
    genre: str | None
    """The cell, verbatim except control characters; None if it is empty, which states nothing."""
    artist: str | None = None
    album: str | None = None
    title: str | None = None
    source: str | None = None
    """`person`, `import` or `file` in a file that `catalog export labels` wrote; None elsewhere."""
    stated_by: str | None = None
    """The person, if the source is one."""

    @property
    def name(self) -> str:
        """The path or external id of the track."""
        return self.path or self.external_id or ""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The rows of a labels file, and its format."""

    rows: tuple[LabelRow, ...]
    genre_column: str
    separator: str
    encoding: str


def read_label_file(
    file: Path,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    *,
    may_rename: bool = True,
) -> LabelFile:
    """Reads a labels file. `columns` maps a role to the name of its column: `{"genre": "Stil"}`.

    The separator and, by default, the encoding are detected. Column names are compared without case. Raises
    LabelFileError if the file does not exist, is not a table, is not in `encoding`, or lacks a column; the message
    lists its columns and advises `--columns` if `may_rename`, otherwise to rename the column in the file.
    """
    renamed = dict(columns or {})
    if unknown := sorted(renamed.keys() - set(ROLES)):
        raise LabelFileError(
            f"{unknown[0]!r} is not a column of a labels file; the columns are: {', '.join(ROLES)}"
        )
    content = _content(file)
    text, encoding = decode(content) if encoding is None else _decode_as(file, content, encoding)
    separator, header = _header(text, renamed)
    places = _places(file, header, renamed, may_rename=may_rename)
    rows = tuple(_rows(file, text, separator, places))
    if not rows:
        raise LabelFileError(f"{file} has a header and no rows")
    return LabelFile(rows, header[places["genre"]].strip(), separator, encoding)


def decode(content: bytes) -> tuple[str, str]:
    """The text and its encoding: by its byte order mark, UTF-8 if it is valid, else the most likely one."""
    from charset_normalizer import from_bytes

    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace"), encoding
    if b"\0" in content[:1000]:
        # Half of the bytes of Latin text in UTF-16 are zero; the position of the zeros shows the byte order.
        encoding = "utf-16-le" if content[1:1000:2].count(0) > content[0:1000:2].count(0) else "utf-16-be"
        return content.decode(encoding, "replace"), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        likely = from_bytes(content, cp_isolation=_CANDIDATES)
    if not likely:
        return content.decode("latin-1"), "latin-1"
    least = min(match.chaos for match in likely)
    # A short text may be valid in several encodings, which read "Peña" as "Peńa" or with a Chinese character.
    equal = {name for match in likely if match.chaos == least for name in match.could_be_from_charset}
    encoding = next(name for name in _CANDIDATES if name in equal)
    return content.decode(encoding), encoding


def _decode_as(file: Path, content: bytes, encoding: str) -> tuple[str, str]:
    """The text in a given encoding, without a byte order mark."""
    try:
        name = codecs.lookup(encoding).name
        return content.decode(name).removeprefix("\ufeff"), name
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LabelFileError(
            f"{file}, line {line}: the text is not {name}; leave out --encoding to detect it"
        ) from None
    except (LookupError, UnicodeError):
        raise LabelFileError(
            f"there is no encoding {encoding!r}; examples: utf-8, utf-16, cp1252, cp1250, cp1251, cp932"
        ) from None


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_FILE_SIZE:
            raise LabelFileError(f"{file} is larger than {MAX_FILE_SIZE >> 20} MB; split it")
        content = file.read_bytes()
    except OSError as error:
        reason = (
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        )
        raise LabelFileError(f"{file} {reason}") from error
    if not content.strip():
        raise LabelFileError(f"{file} is empty")
    return content


def _header(text: str, renamed: Mapping[str, str]) -> tuple[str, list[str]]:
    """The separator that gives most of the expected columns, and the columns."""
    expected = {renamed.get(role, role).casefold() for role in ROLES}
    best: tuple[int, int] = (-1, -1)
    found = (",", [""])
    for separator in SEPARATORS:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        except csv.Error:
            continue
        score = (len(expected & {each.strip().casefold() for each in header}), len(header))
        if score > best:
            best, found = score, (separator, header)
    return found


def _places(file: Path, header: list[str], renamed: Mapping[str, str], *, may_rename: bool) -> dict[str, int]:
    """The index of each role's column."""
    names = [each.strip().casefold() for each in header]
    places = {}
    for role in ROLES:
        name = renamed.get(role, role)
        if name.strip().casefold() in names:
            places[role] = names.index(name.strip().casefold())
        elif role in renamed:
            raise LabelFileError(f"{file} has no column {name!r}; it has: {_listed(header)}")
    for role, known_names in OPTIONAL_COLUMNS.items():
        column = next((name for name in known_names if name in names), None)
        if column is not None:
            places[role] = names.index(column)
    if "genre" not in places:
        raise LabelFileError(
            f"{file} has no column 'genre'; it has: {_listed(header)}. {_naming('genre', may_rename)}"
        )
    if "path" not in places and "external_id" not in places:
        raise LabelFileError(
            f"{file} has no column 'path' or 'external_id'; it has: {_listed(header)}. "
            f"{_naming('path', may_rename)}"
        )
    return places


def _naming(role: str, may_rename: bool) -> str:
    return f"Name it: --columns {role}=COLUMN" if may_rename else f"Name it {role} in the file's first line"


def _rows(file: Path, text: str, separator: str, places: Mapping[str, int]) -> Iterator[LabelRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        next(reader)
        line = reader.line_num + 1
        for cells in reader:
            values = {role: cells[place] if place < len(cells) else "" for role, place in places.items()}
            if any(value.strip() for value in values.values()):
                yield LabelRow(
                    line=line,
                    path=_path(values.get("path", "")),
                    external_id=text_of(values.get("external_id", "")),
                    genre=_genre(values["genre"]),
                    artist=text_of(values.get("artist", "")),
                    album=text_of(values.get("album", "")),
                    title=text_of(values.get("title", "")),
                    source=_source(values.get("source", "")),
                    stated_by=text_of(values.get("stated_by", "")),
                )
            line = reader.line_num + 1
    except csv.Error as error:
        raise LabelFileError(f"{file}, line {line}: {error}") from error


def _path(cell: str) -> str | None:
    """A path as written, without line breaks, NUL and spaces at its ends."""
    return re.sub(r"[\x00\r\n]", "", cell).strip() or None


def _source(cell: str) -> str | None:
    """The kind of source; development versions called a person `human`."""
    source = cell.strip().casefold()
    return "person" if source == "human" else source or None


def _genre(cell: str) -> str | None:
    """The cell's text; line breaks separate genres and stay."""
    return cell[: LONGEST_TEXT + 1].strip() or None


def _listed(header: list[str]) -> str:
    names = [text for each in header if (text := text_of(each))]
    # In a file that is not a table the first line may be the whole file.
    shortened = [name if len(name) <= MAX_SHOWN_NAME else f"{name[:MAX_SHOWN_NAME]}…" for name in names[:20]]
    return ", ".join(shortened) or "nothing"
