"""Import of a vocabulary file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_alias, model, model_class
from catalog.genres.closure_table import rebuild_ancestors
from catalog.genres.curation import add_alias, aliases_by_genre, validate_spelling
from catalog.genres.fold import fold
from catalog.genres.vocabulary import Term, Vocabulary, VocabularyError
from catalog.genres.vocabulary_file import VocabularyFile, VocabularyRow
from catalog.genres.vocabulary_store import load_vocabulary, lock_vocabulary

ADDED_BY_IMPORT = "import"
"""`genre_alias.added_by` of imported aliases."""


@dataclass(frozen=True)
class ImportSummary:
    """The changes of an import, also of a dry run."""

    added: tuple[str, ...]
    """Names of new terms."""
    changed: tuple[str, ...]
    """Names of changed terms."""
    renamed: tuple[tuple[str, str], ...]
    """Old and new name of changed terms that have another name now."""
    unchanged: int
    tracks: frozenset[int]
    """Ids of the tracks whose genres changed."""
    is_model_outdated: bool
    """Whether a class of the active model was merged, moved in the hierarchy, or may no longer be suggested."""


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


def import_vocabulary(
    connection: Connection, file: VocabularyFile, *, dry_run: bool = False
) -> ImportSummary:
    """Imports a vocabulary.

    A row is matched to a term by code, then by name or alias, and the term takes the name in the row. A row without a
    match adds a term. A missing column changes nothing. An empty parent makes a top term; other empty cells change
    nothing. After a rename the old name stays as an alias. Aliases are added or moved, never deleted; an alias that
    is the name of another term merges that term into this one. Terms that the file does not list stay unchanged.

    All or nothing: raises VocabularyError, with file and line, for a repeated name, code or alias, an unknown parent,
    and a cycle. With `dry_run` the changes are made and rolled back. After a change, refresh `track_status` of all
    tracks: it contains genre names.
    """
    lock_vocabulary(connection)
    work = _Import(connection)
    before, used_before = _state(work.vocabulary), {term.id for term in work.vocabulary.terms}
    savepoint = connection.begin_nested()
    try:
        keys = _apply(work, file.rows)
    except VocabularyError as error:
        savepoint.rollback()
        raise VocabularyError(f"{file.name}, line {work.line}: {error}") from None
    after = _state(work.vocabulary)
    merged = used_before - {term.id for term in work.vocabulary.terms}
    moved = {
        key
        for key, state in before.items()
        if (state.parent_id, state.suggest) != (after[key].parent_id, after[key].suggest)
    }
    is_model_outdated = not _model_classes(connection).isdisjoint(merged | moved)
    if dry_run:
        savepoint.rollback()
    else:
        savepoint.commit()
    changed = [key for key in keys if key in before and before[key] != after[key]]
    added = tuple(after[key].name for key in keys if key not in before)
    return ImportSummary(
        added,
        tuple(after[key].name for key in changed),
        tuple((before[key].name, after[key].name) for key in changed if before[key].name != after[key].name),
        len(keys) - len(added) - len(changed),
        frozenset(work.tracks),
        is_model_outdated or bool(work.tracks and _model_classes(connection)),
    )


def _model_classes(connection: Connection) -> set[int]:
    """The genre ids of the active model's classes; empty without a model."""
    query = sa.select(model_class.c.genre_id).join(model).where(model.c.status == "active")
    return set(connection.scalars(query).all())


def _apply(work: _Import, rows: Sequence[VocabularyRow]) -> list[int]:
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


def _reject_repetitions(work: _Import, rows: Sequence[VocabularyRow]) -> None:
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


def _put_term(work: _Import, row: VocabularyRow) -> int:
    """Adds or changes the row's term (name, code and suggest); returns its id."""
    name = validate_spelling(row.name)
    known = work.vocabulary.by_spelling(name)
    by_code = next((each for each in work.vocabulary.terms if row.code and each.code == row.code), None)
    term = by_code or known
    if known is not None and known != term:
        raise VocabularyError(f"{name!r} is a spelling of {known.name}")
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


def _insert(work: _Import, row: VocabularyRow, name: str) -> int:
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


def _reject_taken(vocabulary: Vocabulary, row: VocabularyRow, term: Term | None) -> None:
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


def _put_aliases(work: _Import, rows: Sequence[VocabularyRow], keys: list[int]) -> None:
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


def _put_parents(work: _Import, rows: Sequence[VocabularyRow], keys: list[int]) -> None:
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
