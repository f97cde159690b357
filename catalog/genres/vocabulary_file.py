"""The vocabulary as a table: rows to export, and reading of a CSV or Excel file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from catalog.csvio.columns import Places, Roles
from catalog.csvio.csv_table import Row, Table, read_table
from catalog.genres.curation import aliases_by_genre
from catalog.genres.vocabulary import VocabularyError
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.text import sanitize

COLUMNS = ("code", "name", "parent", "aliases", "suggest")

_YES_AND_NO = {
    "yes": True,
    "true": True,
    "1": True,
    "y": True,
    "no": False,
    "false": False,
    "0": False,
    "n": False,
}


@dataclass(frozen=True, slots=True)
class VocabularyRow:
    """One row of the file."""

    line: int
    name: str
    code: str | None
    parent: str | None
    """Empty for a top term; None if the file has no such column."""
    aliases: tuple[str, ...]
    suggest: bool | None


@dataclass(frozen=True, slots=True)
class VocabularyFile:
    """The rows of a file."""

    name: str
    """The file, for messages."""
    rows: tuple[VocabularyRow, ...]
    unused: tuple[str, ...]
    """Columns that have no role."""


def read_vocabulary_file(
    file: Path, columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> VocabularyFile:
    """Reads a file; `-` is the standard input. `columns` maps a role to its column: `{"name": "Kategorie"}`.

    Only the column `name` is required. Several columns of aliases count. Raises CsvSourceError as `read_table` does,
    and VocabularyError, with file and line, for an invalid row.
    """
    roles = Roles(COLUMNS, columns or {}, repeatable={"aliases"})
    roles.require_known("a list of genres")
    table = read_table(file, roles.column_names(), encoding)
    places = roles.find(table)
    roles.require(table, places, "name")
    used = {at for found in places.values() for at in found}
    unused = (cell.strip() for at, cell in enumerate(table.header) if at not in used)
    return VocabularyFile(table.name, tuple(_rows(table, places)), tuple(filter(None, unused)))


def vocabulary_rows(connection: Connection) -> Iterator[tuple[str, ...]]:
    """The terms in use as rows of COLUMNS, sorted by name; aliases are in one cell, separated by semicolons."""
    vocabulary = load_vocabulary(connection)
    aliases = aliases_by_genre(vocabulary)
    for term in sorted(vocabulary.terms, key=lambda term: (term.folded, term.id)):
        parent = "" if term.parent_id is None else vocabulary.by_id[term.parent_id].name
        listed = ";".join(sorted(aliases[term.id]))
        yield term.code or "", term.name, parent, listed, "yes" if term.suggest else "no"


def _rows(table: Table, places: Places) -> Iterator[VocabularyRow]:
    for row in table.rows:
        try:
            yield _parse(row, len(table.header), places)
        except VocabularyError as error:
            raise VocabularyError(f"{table.name}, line {row[0]}: {error}") from None


def _parse(row: Row, width: int, places: Places) -> VocabularyRow:
    line, cells = row
    if any(cells[width:]):
        raise VocabularyError(f"has {len(cells)} cells, the header {width}")
    texts = {
        role: [sanitize(cells[at]) if at < len(cells) else "" for at in found]
        for role, found in places.items()
    }
    plain = {role: found[0] for role, found in texts.items()}
    suggest = plain.get("suggest", "").casefold()
    if suggest and suggest not in _YES_AND_NO:
        raise VocabularyError(f"suggest must be yes or no, not {plain['suggest']!r}")
    if not plain["name"]:
        raise VocabularyError("a genre needs a name")
    aliases = (alias.strip() for cell in texts.get("aliases", ()) for alias in cell.split(";"))
    return VocabularyRow(
        line,
        plain["name"],
        plain.get("code") or None,
        plain.get("parent"),
        tuple(filter(None, aliases)),
        _YES_AND_NO.get(suggest),
    )
