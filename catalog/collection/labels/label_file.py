"""Reads a labels file: a table of tracks and genres."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.collection.naming.tag_values import text_of
from catalog.csvio.columns import Places, Roles
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_table import Table, read_table
from catalog.genres.genre_tag import LONGEST_TEXT

ROLES = ("path", "external_id", "genre", "artist", "album", "title", "collection", "source", "stated_by")
"""What a column may be. `genre` and one of the first two are needed; `catalog export labels` writes all."""
SYNONYMS = {"stated_by": ("said_by",)}
"""Names in files of development versions."""

# Jamendo's tags name their category: `genre---rock`, `mood/theme---happy`, `instrument---piano`.
_CATEGORY = re.compile(r"(genre|instrument|mood/theme)---")


class LabelFileError(CsvSourceError):
    """A labels file cannot be imported; nothing was changed."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row."""

    line: int
    """The line of the file where the row begins."""
    path: str | None
    """The cell, verbatim; None if it is blank."""
    external_id: str | None
    genres: tuple[str, ...]
    """The cells, verbatim except spaces at the ends; empty if they are blank, which states nothing."""
    artist: str | None = None
    album: str | None = None
    title: str | None = None
    collection: str | None = None
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
    too_long: tuple[int, ...]
    """Lines of rows with more cells than the header, which were skipped: their cells may be in the wrong column."""


def read_label_file(
    file: Path,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    *,
    may_rename: bool = True,
) -> LabelFile:
    """Reads a labels file; `-` is the standard input. `columns` maps a role to its column: `{"genre": "Stil"}`.

    Several genre columns, and cells after a genre column at the end, are genres of one track. Raises CsvSourceError as
    `read_table` does, and LabelFileError for a file without rows. The message for a missing column advises `--columns`
    if `may_rename`, otherwise to rename the column in the file.
    """
    roles = Roles(ROLES, columns or {}, repeatable={"genre"}, synonyms=SYNONYMS, may_rename=may_rename)
    roles.require_known("a labels file")
    table = read_table(file, roles.column_names(), encoding)
    places = roles.find(table)
    roles.require(table, places, "genre")
    roles.require(table, places, "path", "external_id")
    too_long: list[int] = []
    rows = tuple(_rows(table, places, too_long))
    if not rows:
        raise LabelFileError(f"{table.name} has a header and no rows")
    genre_column = table.header[places["genre"][0]].strip()
    return LabelFile(rows, genre_column, table.separator, table.encoding, tuple(too_long))


def _rows(table: Table, places: Places, too_long: list[int]) -> Iterator[LabelRow]:
    width = len(table.header)
    ends_in_genre = width - 1 in places["genre"]
    for line, cells in table.rows:
        more = [cell for cell in cells[width:] if cell.strip()]
        if more and not ends_in_genre:
            too_long.append(line)
            continue

        def cell_of(role: str, cells: Sequence[str] = cells) -> str:
            at = places.get(role, (width,))[0]
            return cells[at] if at < min(width, len(cells)) else ""

        genres = [cells[at] for at in places["genre"] if at < len(cells)] + more
        row = LabelRow(
            line=line,
            path=cell_of("path") if cell_of("path").strip() else None,
            external_id=text_of(cell_of("external_id")),
            genres=tuple(genre for each in genres if (genre := _genre(each))),
            artist=text_of(cell_of("artist")),
            album=text_of(cell_of("album")),
            title=text_of(cell_of("title")),
            collection=cell_of("collection") or None,
            source=_source(cell_of("source")),
            stated_by=text_of(cell_of("stated_by")),
        )
        if row.name or row.genres:
            yield row


def _source(cell: str) -> str | None:
    """The kind of source; development versions called a person `human`."""
    source = cell.strip().casefold()
    return "person" if source == "human" else source or None


def _genre(cell: str) -> str | None:
    """The cell's text; line breaks separate genres and stay. Jamendo's tags lose their category."""
    text = cell[: LONGEST_TEXT + 1].strip()
    category = _CATEGORY.match(text)
    if category is None:
        return text or None
    return text[category.end() :] if category[1] == "genre" else None
