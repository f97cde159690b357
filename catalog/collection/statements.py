"""Statements: the genres that a source gave a track. Statements are added and never changed or deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.batches import chunks
from catalog.db.tables import label, statement
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.genres.vocabulary_store import ensure_terms
from catalog.text import sanitize

Source = Literal["file", "import", "person"]

ORIGIN_CATALOG = "catalog"
"""`statement.origin` of genres that this program wrote to the file: not new evidence."""


@dataclass(frozen=True, slots=True)
class NewStatement:
    """The genres of one track, to be added."""

    track_id: int
    texts: tuple[str, ...]
    """The genre texts, verbatim; an empty tuple states "no genre"."""
    origin: str | None = None
    """The kind of tag, or the column of a list."""

    @property
    def as_written(self) -> str:
        """All texts as one; two statements with the same text are the same."""
        return joined_text(self.texts)


def joined_text(texts: Iterable[str]) -> str:
    """The lines of the genre texts as one text, as the table `statement` stores them."""
    lines = (line for text in texts for line in text.replace("\0", "\n").splitlines())
    return "; ".join(clean for line in lines if (clean := sanitize(line)))


def write_statements(
    connection: Connection,
    source: Source,
    statements: Sequence[NewStatement],
    vocabulary: Vocabulary,
    *,
    stated_by: str | None = None,
) -> list[int]:
    """Adds statements in the caller's transaction and returns their ids; the caller refreshes `track_status`.

    Genres that the vocabulary lacks become terms. Repetitions are added too; `changed_statements` removes them.
    """
    if not statements:
        return []
    genres = [genres_in(new.texts, vocabulary) for new in statements]
    terms = ensure_terms(connection, {name for names in genres for name in names}, vocabulary)
    inserted = connection.execute(
        sa.insert(statement).returning(statement.c.id, sort_by_parameter_order=True),
        [
            {
                "track_id": new.track_id,
                "source": source,
                "stated_by": stated_by,
                "origin": new.origin,
                "as_written": new.as_written,
            }
            for new in statements
        ],
    )
    ids = list(inserted.scalars())
    labels = []
    for statement_id, names in zip(ids, genres, strict=True):
        distinct: dict[int, str] = {}
        for name in names:
            distinct.setdefault(terms[name].id, name)
        labels += [
            {"statement_id": statement_id, "rank": rank, "genre_id": genre_id, "as_written": name}
            for rank, (genre_id, name) in enumerate(distinct.items())
        ]
    if labels:
        connection.execute(sa.insert(label), labels)
    return ids


def changed_statements(
    connection: Connection, source: Source, statements: Sequence[NewStatement]
) -> list[NewStatement]:
    """The statements that differ, as written, from the newest statement of their source on the track.

    Withdrawn statements count as well, so that a withdrawn statement does not come back with the next import. "No
    genre" is not a change if the source has no statement yet. Genres that this program wrote to a file are that
    file's newest statement.
    """
    newest = newest_statements(connection, source, [new.track_id for new in statements])
    before = {track_id: row.as_written for track_id, row in newest.items()}
    return [new for new in statements if new.as_written != before.get(new.track_id, "")]


def newest_statements(
    connection: Connection, source: Source, track_ids: Iterable[int], *, stated_by: str | None = None
) -> dict[int, Row[Any]]:
    """The newest statement of a source by track, as rows of `id, track_id, origin, as_written`, withdrawn or not.

    With `stated_by` only the statements of that import or person. `as_written` is never NULL.
    """
    newest = sa.select(sa.func.max(statement.c.id)).where(
        statement.c.source == source,
        # As an expression, or SQLite would use the index of withdraws_id, where nearly all values are NULL.
        sa.func.coalesce(statement.c.withdraws_id, 0) == 0,
    )
    if stated_by is not None:
        newest = newest.where(statement.c.stated_by == stated_by)
    as_written = sa.func.coalesce(statement.c.as_written, "").label("as_written")
    query = sa.select(statement.c.id, statement.c.track_id, statement.c.origin, as_written)
    rows: dict[int, Row[Any]] = {}
    for ids in chunks(sorted(set(track_ids))):
        of_tracks = newest.where(statement.c.track_id.in_(ids)).group_by(statement.c.track_id)
        rows |= {row.track_id: row for row in connection.execute(query.where(statement.c.id.in_(of_tracks)))}
    return rows


def genre_ids_of_statements(
    connection: Connection, statement_ids: Iterable[int | None]
) -> dict[int, tuple[int, ...]]:
    """The genre ids of statements in order of rank; statements without genres are left out."""
    genre_ids: defaultdict[int, list[int]] = defaultdict(list)
    query = sa.select(label.c.statement_id, label.c.genre_id).order_by(label.c.statement_id, label.c.rank)
    for ids in chunks(sorted({key for key in statement_ids if key is not None})):
        for statement_id, genre_id in connection.execute(query.where(label.c.statement_id.in_(ids))):
            genre_ids[statement_id].append(genre_id)
    return {statement_id: tuple(ids) for statement_id, ids in genre_ids.items()}
