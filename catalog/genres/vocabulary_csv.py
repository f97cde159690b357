"""Export and import of the vocabulary as CSV: code, name, parent, aliases, suggest."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_alias
from catalog.genres.closure_table import rebuild_ancestors
from catalog.genres.curation import add_alias, aliases_by_genre, validate_spelling
from catalog.genres.fold import fold
from catalog.genres.vocabulary import Term, Vocabulary, VocabularyError
from catalog.genres.vocabulary_store import load_vocabulary, lock_vocabulary
from catalog.text import sanitize

COLUMNS = ("code", "name", "parent", "aliases", "suggest")
ADDED_BY_IMPORT = "import"
"""`genre_alias.added_by` of imported aliases."""

# Spreadsheet programs evaluate a cell that begins like this as a formula, or drop the sign.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
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


@dataclass(frozen=True)
class ImportSummary:
    """The changes of an import, also of a dry run."""

    added: tuple[str, ...]
    """Names of new terms."""
    changed: tuple[str, ...]
    """Names of changed terms."""
    unchanged: int
    tracks: frozenset[int]
    """Ids of the tracks whose genres changed."""


@dataclass(frozen=True)
class _Row:
    """One line of the file."""

    line: int
    name: str
    code: str | None
    parent: str | None
    """Empty for a top term; None if the file has no such column."""
    aliases: tuple[str, ...]
    suggest: bool | None


class _Import:
    """The state of an import: the current line, and the vocabulary with the changes so far."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.vocabulary = load_vocabulary(connection)
        self.line = 0
        self.tracks: set[int] = set()

    def reload(self) -> None:
        """Loads the vocabulary again after a change in the database."""
        self.vocabulary = load_vocabulary(self.connection)


def export_csv(connection: Connection, stream: TextIO) -> int:
    """Writes the terms in use, sorted by name; returns their number. Open the stream with `newline=""`.

    Aliases are in one cell, separated by semicolons. A cell that looks like a formula gets a leading apostrophe, which
    the import removes.
    """
    vocabulary = load_vocabulary(connection)
    aliases = aliases_by_genre(vocabulary)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    terms = sorted(vocabulary.terms, key=lambda term: (term.folded, term.id))
    for term in terms:
        parent = "" if term.parent_id is None else vocabulary.by_id[term.parent_id].name
        cells = (
            term.code or "",
            term.name,
            parent,
            ";".join(sorted(aliases[term.id])),
            "yes" if term.suggest else "no",
        )
        writer.writerow([_guard(cell) for cell in cells])
    return len(terms)


def import_csv(connection: Connection, stream: TextIO, *, dry_run: bool = False) -> ImportSummary:
    """Imports a vocabulary. Open the stream as `utf-8-sig` with `newline=""`; its name appears in the messages.

    Only the column `name` is required. A line refers to the term with its code, else to the term with its name;
    otherwise it adds a term. A missing column changes nothing. An empty parent makes a top term; other empty cells
    change nothing. After a rename the old name stays as an alias. Aliases are added or moved, never deleted; an alias
    that is the name of another term merges that term into this one. Terms that the file does not list stay unchanged.

    All or nothing: raises VocabularyError, with file and line, for a malformed file, a repeated name, code or alias, an
    unknown parent, and a cycle. With `dry_run` the changes are made and rolled back. After a change, refresh
    `track_status` of all tracks: it contains genre names.
    """
    file = str(getattr(stream, "name", "the list of genres"))
    rows = _read(stream, file)
    lock_vocabulary(connection)
    work = _Import(connection)
    before = _state(work.vocabulary)
    savepoint = connection.begin_nested()
    try:
        keys = _apply(work, rows)
    except VocabularyError as error:
        savepoint.rollback()
        raise VocabularyError(f"{file}, line {work.line}: {error}") from None
    after = _state(work.vocabulary)
    if dry_run:
        savepoint.rollback()
    else:
        savepoint.commit()
    added = tuple(after[key].name for key in keys if key not in before)
    changed = tuple(after[key].name for key in keys if key in before and before[key] != after[key])
    return ImportSummary(added, changed, len(keys) - len(added) - len(changed), frozenset(work.tracks))


def _apply(work: _Import, rows: list[_Row]) -> list[int]:
    """Makes the changes so that a line may refer to terms of any other line; returns the ids of the terms."""
    _reject_repetitions(work, rows)
    lines: dict[int, int] = {}
    for row in rows:
        work.line = row.line
        key = _put_term(work, row)
        if key in lines:
            raise VocabularyError(f"{row.name!r} is the same genre as in line {lines[key]}")
        lines[key] = row.line
    keys = list(lines)
    _put_aliases(work, rows, keys)
    _put_parents(work, rows, keys)
    rebuild_ancestors(work.connection)
    return keys


def _reject_repetitions(work: _Import, rows: list[_Row]) -> None:
    """Raises VocabularyError for a repeated name, code or alias."""
    names: dict[str, int] = {}
    codes: dict[str, int] = {}
    for row in rows:
        work.line = row.line
        if row.code is not None and codes.setdefault(row.code, row.line) != row.line:
            raise VocabularyError(f"the code {row.code!r} is also on line {codes[row.code]}")
        if names.setdefault(fold(row.name), row.line) != row.line:
            raise VocabularyError(f"the name {row.name!r} is also on line {names[fold(row.name)]}")
    for row in rows:
        work.line = row.line
        for alias in row.aliases:
            if names.setdefault(fold(alias), row.line) != row.line:
                raise VocabularyError(f"the alias {alias!r} is also on line {names[fold(alias)]}")


def _put_term(work: _Import, row: _Row) -> int:
    """Adds or changes the row's term (name, code and suggest); returns its id."""
    name = validate_spelling(row.name)
    known = work.vocabulary.by_spelling(name)
    term = next((each for each in work.vocabulary.terms if row.code and each.code == row.code), None)
    if term is None and known is not None and known.folded == fold(name):
        term = known
    if known is not None and known != term:
        raise VocabularyError(
            f"{name!r} is a spelling of {known.name}"
            + (f"; to rename that, give its code: {known.code}" if known.code and term is None else "")
        )
    _reject_taken(work.vocabulary, row, term)
    if term is None:
        return _insert(work, row, name)
    values = {
        "name": name,
        "code": row.code or term.code,
        "suggest": term.suggest if row.suggest is None else row.suggest,
    }
    if values != {"name": term.name, "code": term.code, "suggest": term.suggest}:
        _change(work, term, folded=fold(name), **values)
        if fold(name) != term.folded:
            _keep_old_name(work, term, fold(name))
    return term.id


def _insert(work: _Import, row: _Row, name: str) -> int:
    parent = work.vocabulary.parent_for(name)
    values: dict[str, Any] = {
        "name": name,
        "folded": fold(name),
        "code": row.code,
        "parent_id": None if parent is None else parent.id,
        "origin": "builtin",
        "suggest": row.suggest is not False,
        "write": True,
    }
    inserted = work.connection.execute(sa.insert(genre).values(**values).returning(genre.c.id))
    term = Term(id=inserted.scalar_one(), **values)
    work.vocabulary = work.vocabulary.with_term(term)
    return term.id


def _reject_taken(vocabulary: Vocabulary, row: _Row, term: Term | None) -> None:
    """Raises VocabularyError if another term, also a merged one, has the row's name or code."""
    folded = fold(row.name)
    for each in vocabulary.by_id.values():
        if each == term:
            continue
        if row.code is not None and each.code == row.code:
            raise VocabularyError(f"the code {row.code!r} belongs to {each.name}")
        if each.folded == folded:
            raise VocabularyError(f"{row.name!r} is the name of a genre that was merged; choose another one")


def _keep_old_name(work: _Import, term: Term, folded: str) -> None:
    """Makes the old name an alias, so that tags with it are still understood; the new name stops being an alias."""
    work.connection.execute(sa.delete(genre_alias).where(genre_alias.c.folded == folded))
    work.connection.execute(sa.insert(genre_alias), [_alias(term.id, term.name)])
    work.reload()


def _put_aliases(work: _Import, rows: list[_Row], keys: list[int]) -> None:
    new: dict[str, dict[str, Any]] = {}
    for row, key in zip(rows, keys, strict=True):
        work.line = row.line
        for alias in row.aliases:
            spelling = validate_spelling(alias)
            known = work.vocabulary.by_spelling(spelling)
            if known is None:
                new.setdefault(fold(spelling), _alias(key, spelling))
            elif known.id != key:
                name = work.vocabulary.by_id[key].name
                work.tracks |= add_alias(work.connection, spelling, name, ADDED_BY_IMPORT)
                work.reload()
    if new:
        work.connection.execute(sa.insert(genre_alias), list(new.values()))
        work.reload()


def _alias(genre_id: int, alias: str) -> dict[str, Any]:
    return {"genre_id": genre_id, "alias": alias, "folded": fold(alias), "added_by": ADDED_BY_IMPORT}


def _put_parents(work: _Import, rows: list[_Row], keys: list[int]) -> None:
    """Sets all parents together, so that a temporary cycle is not an error."""
    above = {key: term.parent_id for key, term in work.vocabulary.by_id.items()}
    for row, key in zip(rows, keys, strict=True):
        work.line = row.line
        if row.parent is not None:
            above[key] = work.vocabulary.require(row.parent).id if row.parent else None
    for row, key in zip(rows, keys, strict=True):
        work.line = row.line
        _reject_cycle(work.vocabulary, above, key)
    for key in keys:
        term = work.vocabulary.by_id[key]
        if above[key] != term.parent_id:
            _change(work, term, parent_id=above[key])


def _reject_cycle(vocabulary: Vocabulary, above: Mapping[int, int | None], key: int) -> None:
    chain = [key]
    while (upper := above[chain[-1]]) is not None:
        if upper in chain:
            names = " < ".join(vocabulary.by_id[each].name for each in [*chain, upper])
            raise VocabularyError(f"a genre cannot be its own ancestor: {names}")
        chain.append(upper)


def _change(work: _Import, term: Term, **values: Any) -> None:
    """Changes a term; this confirms a term that was read from a file."""
    values["origin"] = "builtin" if term.origin == "file" else term.origin
    work.connection.execute(sa.update(genre).where(genre.c.id == term.id).values(**values))
    work.vocabulary = work.vocabulary.with_term(replace(term, **values))


@dataclass(frozen=True)
class _State:
    """The properties of a term that a file can change."""

    name: str
    code: str | None
    parent_id: int | None
    suggest: bool
    aliases: frozenset[str]


def _state(vocabulary: Vocabulary) -> dict[int, _State]:
    aliases = aliases_by_genre(vocabulary)
    return {
        key: _State(term.name, term.code, term.parent_id, term.suggest, frozenset(aliases[key]))
        for key, term in vocabulary.by_id.items()
    }


def _read(stream: TextIO, file: str) -> list[_Row]:
    try:
        text = stream.read().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise VocabularyError(f"{file}: is not UTF-8 text; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    # Many European spreadsheet programs write semicolons.
    reader = csv.reader(
        io.StringIO(text), delimiter=";" if ";" in first and "," not in first else ",", strict=True
    )
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        _check_header(header)
        return [
            _row(reader.line_num, dict(zip(header, cells, strict=True)))
            for cells in _lines(reader, len(header))
        ]
    except (csv.Error, VocabularyError) as error:
        raise VocabularyError(f"{file}, line {reader.line_num}: {error}") from None


def _check_header(header: list[str]) -> None:
    if "name" not in header:
        raise VocabularyError(f"has no column `name`; the columns are {', '.join(COLUMNS)}")
    for cell in header:
        if cell not in COLUMNS:
            raise VocabularyError(f"the column {cell!r} is unknown; the columns are {', '.join(COLUMNS)}")
        if header.count(cell) > 1:
            raise VocabularyError(f"the column {cell!r} appears twice")


def _lines(reader: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    for cells in reader:
        if len(cells) > width and any(cells[width:]):
            raise VocabularyError(f"has {len(cells)} cells, the header {width}")
        if any(cell.strip() for cell in cells):
            yield [*cells, *[""] * width][:width]


def _row(line: int, cells: Mapping[str, str]) -> _Row:
    plain = {column: sanitize(_unguard(cell)) for column, cell in cells.items()}
    suggest = plain.get("suggest", "").casefold()
    if suggest and suggest not in _YES_AND_NO:
        raise VocabularyError(f"suggest must be yes or no, not {plain['suggest']!r}")
    if not plain["name"]:
        raise VocabularyError("a genre needs a name")
    return _Row(
        line,
        plain["name"],
        plain.get("code") or None,
        plain.get("parent"),
        tuple(alias.strip() for alias in plain.get("aliases", "").split(";") if alias.strip()),
        _YES_AND_NO.get(suggest),
    )


def _guard(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
