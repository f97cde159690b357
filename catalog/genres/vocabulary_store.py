"""The vocabulary in the database: loading it, and the terms that files bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_alias
from catalog.db.upsert import insert_into
from catalog.genres.closure_table import add_ancestors
from catalog.genres.fold import fold
from catalog.genres.genre_tag import canonical_name
from catalog.genres.vocabulary import Alias, Term, Vocabulary, genres_in
from catalog.text import sanitize

ADDED_BY_SEED = "seed"
"""`genre_alias.added_by` of what the house ships."""


def load_vocabulary(connection: Connection) -> Vocabulary:
    """The vocabulary as it is now."""
    terms = [_term(row) for row in connection.execute(_terms().order_by(genre.c.id))]
    aliases = connection.execute(
        sa.select(genre_alias.c.genre_id, genre_alias.c.alias, genre_alias.c.folded).order_by(
            genre_alias.c.id
        )
    )
    return Vocabulary(terms, [Alias(*row) for row in aliases])


def read_genres(
    connection: Connection, texts: Sequence[str], vocabulary: Vocabulary | None = None
) -> list[tuple[int, str]]:
    """The genres that the values of one track's genre tag name: (genre id, as written), in order, each genre once.

    Unknown ones become terms in this transaction. Empty where nothing in the texts is a genre. The vocabulary, loaded
    when not given, may be older than the database; it saves a load a track.
    """
    vocabulary = vocabulary or load_vocabulary(connection)
    written = genres_in(texts, vocabulary)
    terms = ensure_terms(connection, written, vocabulary)
    found: dict[int, str] = {}
    for each in written:
        found.setdefault(terms[each].id, each)
    return list(found.items())


def ensure_terms(
    connection: Connection, written: Iterable[str], vocabulary: Vocabulary | None = None
) -> dict[str, Term]:
    """The term of each genre as written; what is unknown becomes a term of origin `file`. What is no genre is left out.

    Two processes may meet the same new genre at once: both get the one term.
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
    """Makes this transaction the only one that changes the vocabulary, until it ends; readers go on.

    On SQLite a writing transaction is that anyway. On PostgreSQL two that make new terms in different order would
    wait for each other, and a closure could be computed from what another is changing.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE genre IN SHARE ROW EXCLUSIVE MODE")


def insert_new_terms(connection: Connection, table: sa.Table, **values: object) -> int | None:
    """Inserts a row and gives its id; None, and no row, where a unique column has the value already."""
    insert = insert_into(connection, table).values(**values)
    made = insert.on_conflict_do_nothing().returning(table.c.id)
    key: int | None = connection.execute(made).scalar()
    return key


def _create(connection: Connection, name: str, vocabulary: Vocabulary) -> Term:
    broader = vocabulary.broader_for(name)
    parent_id = None if broader is None else broader.id
    name = sanitize(name)
    made = insert_new_terms(
        connection,
        genre,
        name=name,
        folded=fold(name),
        parent_id=parent_id,
        origin="file",
        suggest=True,
        write=True,
    )
    if made is not None:
        add_ancestors(connection, made, parent_id)
    return _term(connection.execute(_terms().where(genre.c.folded == fold(name))).one())


def _resolve(names: dict[str, str], vocabulary: Vocabulary) -> tuple[dict[str, Term], dict[str, str]]:
    """What the vocabulary knows, and the rest."""
    terms = {each: vocabulary.resolve(name) for each, name in names.items()}
    found = {each: term for each, term in terms.items() if term is not None}
    return found, {each: name for each, name in names.items() if each not in found}


def _newer(connection: Connection, keys: set[str]) -> dict[str, Term]:
    """Terms by folded spelling, asked for one by one: made since the vocabulary was loaded."""
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
