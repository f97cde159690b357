"""Adds and withdraws statements, and reads genres, in one call each."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.statements import NewStatement, Source, write_statements
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import statement
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary


def append_statements(
    connection: Connection,
    source: Source,
    statements: Sequence[NewStatement],
    *,
    stated_by: str | None = None,
) -> list[int]:
    """Adds statements and refreshes `track_status`, in the caller's transaction; returns their ids.

    Genres that the vocabulary lacks become terms. Repetitions are added too; `changed_statements` removes them.
    """
    ids = write_statements(connection, source, statements, load_vocabulary(connection), stated_by=stated_by)
    refresh_track_status(connection, [new.track_id for new in statements])
    return ids


def withdraw(connection: Connection, statement_id: int, *, stated_by: str | None = None) -> int | None:
    """Withdraws a statement by one more row and refreshes `track_status`; returns the id of the new row.

    Returns None, without a change, if it was withdrawn before. Raises LookupError if there is no such statement.
    """
    row = connection.execute(
        sa.select(statement.c.track_id, statement.c.source, statement.c.withdraws_id).where(
            statement.c.id == statement_id
        )
    ).one_or_none()
    if row is None or row.withdraws_id is not None:
        raise LookupError(f"there is no statement {statement_id} to withdraw")
    withdrawals = sa.select(statement.c.id).where(statement.c.withdraws_id == statement_id)
    if connection.execute(withdrawals).first() is not None:
        return None
    inserted = connection.execute(
        sa.insert(statement)
        .values(track_id=row.track_id, source=row.source, stated_by=stated_by, withdraws_id=statement_id)
        .returning(statement.c.id)
    )
    refresh_track_status(connection, [row.track_id])
    return int(inserted.scalar_one())


def read_genres(
    connection: Connection, texts: Sequence[str], vocabulary: Vocabulary | None = None
) -> list[tuple[int, str]]:
    """The distinct genres in the values of one track's genre tag, in order: (genre id, as written).

    Unknown genres become terms in this transaction. The vocabulary may be older than the database; passing one avoids
    loading it for each track.
    """
    vocabulary = vocabulary or load_vocabulary(connection)
    written = genres_in(texts, vocabulary)
    terms = ensure_terms(connection, written, vocabulary)
    genres: dict[int, str] = {}
    for each in written:
        genres.setdefault(terms[each].id, each)
    return list(genres.items())
