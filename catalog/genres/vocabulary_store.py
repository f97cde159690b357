"""The vocabulary in the database: loading it, and creating terms for new genres."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_alias
from catalog.db.upsert import insert_into
from catalog.genres.closure_table import add_ancestors
from catalog.genres.fold import fold
from catalog.genres.genre_tag import canonical_name
from catalog.genres.vocabulary import Alias, Term, Vocabulary
from catalog.text import sanitize

ADDED_BY_SEED = "seed"
"""`genre_alias.added_by` of the built-in aliases."""


def load_vocabulary(connection: Connection) -> Vocabulary:
    """The current vocabulary."""
    terms = [_term(row) for row in connection.execute(_terms().order_by(genre.c.id))]
    aliases = connection.execute(
        sa.select(genre_alias.c.genre_id, genre_alias.c.alias, genre_alias.c.folded).order_by(
            genre_alias.c.id
        )
    )
    return Vocabulary(terms, [Alias(*row) for row in aliases])


def ensure_terms(
    connection: Connection, written: Iterable[str], vocabulary: Vocabulary | None = None
) -> dict[str, Term]:
    """The term of each genre as written. Unknown genres become terms of origin `file`; other text is left out.

    If two processes add the same genre at the same time, both get the same term.
    """
    vocabulary = vocabulary or load_vocabulary(connection)
    names = {each: name for each in written if (name := canonical_name(each)) is not None}
    found, unknown = _resolve(names, vocabulary)
    if unknown:
        newer = _newer(connection, {fold(name) for name in unknown.values()})
        found |= {each: newer[fold(name)] for each, name in unknown.items() if fold(name) in newer}
        unknown = {each: name for each, name in unknown.items() if each not in found}
    if unknown:
        lock_vocabulary(connection)
        vocabulary = load_vocabulary(connection)
        late, unknown = _resolve(unknown, vocabulary)
        created: dict[str, Term] = {}
        for name in unknown.values():
            if fold(name) not in created:
                created[fold(name)] = _create(connection, name, vocabulary)
        found |= late | {each: created[fold(name)] for each, name in unknown.items()}
    return found


def lock_vocabulary(connection: Connection) -> None:
    """Lets only this transaction change the vocabulary until it ends; others can read.

    SQLite has one writer anyway. On PostgreSQL, two transactions that add terms in different order would deadlock, and
    a closure could be computed from terms that another transaction is changing.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE genre IN SHARE ROW EXCLUSIVE MODE")


def insert_if_new(connection: Connection, table: sa.Table, **values: object) -> int | None:
    """Inserts a row and returns its id; None, and no row, if a unique column already has the value."""
    insert = insert_into(connection, table).values(**values)
    returning = insert.on_conflict_do_nothing().returning(table.c.id)
    key: int | None = connection.execute(returning).scalar()
    return key


def _create(connection: Connection, name: str, vocabulary: Vocabulary) -> Term:
    parent = vocabulary.parent_for(name)
    parent_id = None if parent is None else parent.id
    name = sanitize(name)
    term_id = insert_if_new(
        connection,
        genre,
        name=name,
        folded=fold(name),
        parent_id=parent_id,
        origin="file",
        suggest=True,
        write=True,
    )
    if term_id is not None:
        add_ancestors(connection, term_id, parent_id)
    return _term(connection.execute(_terms().where(genre.c.folded == fold(name))).one())


def _resolve(names: dict[str, str], vocabulary: Vocabulary) -> tuple[dict[str, Term], dict[str, str]]:
    """The terms of the known genres, and the names of the unknown ones."""
    terms = {each: vocabulary.resolve(name) for each, name in names.items()}
    found = {each: term for each, term in terms.items() if term is not None}
    return found, {each: name for each, name in names.items() if each not in found}


def _newer(connection: Connection, keys: set[str]) -> dict[str, Term]:
    """Terms by folded spelling that were created after the vocabulary was loaded."""
    by_name = connection.execute(_terms().where(genre.c.folded.in_(keys)))
    by_alias = connection.execute(
        _terms().add_columns(genre_alias.c.folded).join(genre_alias).where(genre_alias.c.folded.in_(keys))
    )
    found = {row.folded: _term(row) for row in by_name}
    return found | {row[-1]: _term(row[:-1]) for row in by_alias}


def _term(row: Iterable[Any]) -> Term:
    return Term(*row)


def _terms() -> sa.Select[tuple[int, str, str, str | None, int | None, str, bool, bool]]:
    column = genre.c
    return sa.select(
        column.id,
        column.name,
        column.folded,
        column.code,
        column.parent_id,
        column.origin,
        column.suggest,
        column.write,
    )
