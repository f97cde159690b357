"""Statements: what a source says of a track's genres. They are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import label, statement
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary
from catalog.text import sanitize

Source = Literal["file", "import", "person"]

ORIGIN_CATALOG = "catalog"
"""`statement.origin` of what we wrote to the file ourselves: no new evidence."""

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class NewStatement:
    """What is said of one track."""

    track_id: int
    texts: tuple[str, ...]
    """The genre texts, verbatim; none says "no genre"."""
    origin: str | None = None
    """The kind of tag, or the column of a list."""

    @property
    def as_written(self) -> str:
        """All texts as one: what makes two sayings the same."""
        return joined_text(self.texts)


def joined_text(texts: Iterable[str]) -> str:
    """Genre texts as the one text that a statement keeps."""
    return "; ".join(text for each in texts if (text := sanitize(each)))


def append_statements(
    connection: Connection, source: Source, sayings: Sequence[NewStatement], *, stated_by: str | None = None
) -> list[int]:
    """Adds a statement for each saying and brings `track_status` up to date, in the caller's transaction; gives their ids.

    Genres that the vocabulary lacks become terms. Whether a saying is news is the caller's to know: see `news`.
    """
    ids = write_statements(connection, source, sayings, load_vocabulary(connection), stated_by=stated_by)
    refresh_track_status(connection, [each.track_id for each in sayings])
    return ids


def write_statements(
    connection: Connection,
    source: Source,
    sayings: Sequence[NewStatement],
    vocabulary: Vocabulary,
    *,
    stated_by: str | None = None,
) -> list[int]:
    """As `append_statements`, for many at once; `track_status` is left to the caller."""
    if not sayings:
        return []
    genres = [genres_in(each.texts, vocabulary) for each in sayings]
    terms = ensure_terms(connection, {name for names in genres for name in names}, vocabulary)
    made = connection.execute(
        sa.insert(statement).returning(statement.c.id, sort_by_parameter_order=True),
        [
            {
                "track_id": each.track_id,
                "source": source,
                "stated_by": stated_by,
                "origin": each.origin,
                "as_written": each.as_written,
            }
            for each in sayings
        ],
    )
    ids = list(made.scalars())
    labels = []
    for key, names in zip(ids, genres, strict=True):
        distinct: dict[int, str] = {}
        for name in names:
            distinct.setdefault(terms[name].id, name)
        labels += [
            {"statement_id": key, "rank": rank, "genre_id": genre_id, "as_written": name}
            for rank, (genre_id, name) in enumerate(distinct.items())
        ]
    if labels:
        connection.execute(sa.insert(label), labels)
    return ids


def changed_statements(
    connection: Connection, source: Source, sayings: Sequence[NewStatement]
) -> list[NewStatement]:
    """The sayings that differ, as written, from the newest statement of their source on the track.

    A withdrawn statement counts as the newest, too: what a person took back does not come again by itself. Where the
    source never spoke, "no genre" is no news. What we wrote to a file is that file's newest statement.
    """
    newest = newest_texts(connection, source, [each.track_id for each in sayings])
    return [each for each in sayings if each.as_written != newest.get(each.track_id, "")]


def newest_texts(connection: Connection, source: Source, track_ids: Iterable[int]) -> dict[int, str]:
    """What the newest statement of a source says on each track that has one, as written."""
    found: dict[int, str] = {}
    ids = sorted(set(track_ids))
    for start in range(0, len(ids), CHUNK):
        latest = (
            sa.select(sa.func.max(statement.c.id))
            .where(
                statement.c.track_id.in_(ids[start : start + CHUNK]),
                statement.c.source == source,
                # As an expression: SQLite would search by the index of withdraws_id, where nearly all are NULL.
                sa.func.coalesce(statement.c.withdraws_id, 0) == 0,
            )
            .group_by(statement.c.track_id)
        )
        rows = connection.execute(
            sa.select(statement.c.track_id, sa.func.coalesce(statement.c.as_written, "")).where(
                statement.c.id.in_(latest)
            )
        )
        found |= dict(rows.all())
    return found


def withdraw(connection: Connection, statement_id: int, *, stated_by: str | None = None) -> int | None:
    """Takes a statement back by one more row and brings `track_status` up to date; gives the row's id.

    None, and no change, where it was withdrawn before. Raises LookupError where there is no such statement.
    """
    row = connection.execute(
        sa.select(statement.c.track_id, statement.c.source, statement.c.withdraws_id).where(
            statement.c.id == statement_id
        )
    ).one_or_none()
    if row is None or row.withdraws_id is not None:
        raise LookupError(f"there is no statement {statement_id} to withdraw")
    already = sa.select(statement.c.id).where(statement.c.withdraws_id == statement_id)
    if connection.execute(already).first() is not None:
        return None
    made = connection.execute(
        sa.insert(statement)
        .values(track_id=row.track_id, source=row.source, stated_by=stated_by, withdraws_id=statement_id)
        .returning(statement.c.id)
    )
    key = int(made.scalar_one())
    refresh_track_status(connection, [row.track_id])
    return key
