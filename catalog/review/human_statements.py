"""Statements by people: adds and withdraws genres for many tracks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.statements import joined_text
from catalog.db.tables import genre, label, statement, track_status

ORIGIN_REVIEW = "review"
"""`statement.origin` of review decisions."""


@dataclass(frozen=True, slots=True)
class CurrentTags:
    """The current tags of a track."""

    statement_id: int | None
    """None: the track has no statement."""
    genre_ids: tuple[int, ...]
    as_written: tuple[str, ...]
    """In the same order."""


NO_TAGS = CurrentTags(None, (), ())


def current_tags(connection: Connection, track_ids: Iterable[int]) -> Mapping[int, CurrentTags]:
    """The current tags of the tracks by `track_status`; tracks without a row there are missing."""
    ids = sorted(set(track_ids))
    statements: dict[int, int | None] = {}
    tags: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for part in chunks(ids):
        rows = connection.execute(
            sa.select(
                track_status.c.track_id, track_status.c.statement_id, label.c.genre_id, label.c.as_written
            )
            .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id, isouter=True)
            .where(track_status.c.track_id.in_(part))
            .order_by(track_status.c.track_id, label.c.rank)
        )
        for row in rows:
            statements[row.track_id] = row.statement_id
            if row.genre_id is not None:
                tags[row.track_id].append((row.genre_id, row.as_written))
    return {
        track_id: CurrentTags(
            statement_id,
            tuple(genre_id for genre_id, _ in tags[track_id]),
            tuple(text for _, text in tags[track_id]),
        )
        for track_id, statement_id in statements.items()
    }


def add_statements(
    connection: Connection,
    genres: Mapping[int, Sequence[int]],
    before: Mapping[int, CurrentTags],
    *,
    stated_by: str,
) -> dict[int, int]:
    """Adds a person's statement to each track, genre ids by track id; returns the statement ids by track.

    A genre that the track already has keeps its spelling, others get the vocabulary's. The caller refreshes
    `track_status`.
    """
    if not genres:
        return {}
    all_genre_ids = {genre_id for genre_ids in genres.values() for genre_id in genre_ids}
    names = dict(
        connection.execute(sa.select(genre.c.id, genre.c.name).where(genre.c.id.in_(all_genre_ids))).all()
    )
    spelled: dict[int, list[str]] = {}
    for track_id, genre_ids in genres.items():
        current = before.get(track_id, NO_TAGS)
        spelling = dict(zip(current.genre_ids, current.as_written, strict=True))
        spelled[track_id] = [spelling.get(genre_id) or names[genre_id] for genre_id in genre_ids]
    statement_ids = connection.execute(
        sa.insert(statement).returning(statement.c.id, sort_by_parameter_order=True),
        [
            {
                "track_id": track_id,
                "source": "person",
                "stated_by": stated_by,
                "origin": ORIGIN_REVIEW,
                "as_written": joined_text(spelled[track_id]),
            }
            for track_id in genres
        ],
    ).scalars()
    ids = dict(zip(genres, statement_ids, strict=True))
    labels = [
        {"statement_id": ids[track_id], "rank": rank, "genre_id": genre_id, "as_written": text}
        for track_id, genre_ids in genres.items()
        for rank, (genre_id, text) in enumerate(zip(genre_ids, spelled[track_id], strict=True))
    ]
    if labels:
        connection.execute(sa.insert(label), labels)
    return ids


def withdraw_statements(connection: Connection, statement_ids: Iterable[int], *, stated_by: str) -> int:
    """Withdraws statements, unless they are withdrawn already; returns their number. The caller refreshes
    `track_status`.
    """
    withdrawal = statement.alias("withdrawal")
    withdrawn = 0
    ids = sorted(set(statement_ids))
    for part in chunks(ids):
        rows = connection.execute(
            sa.select(statement.c.id, statement.c.track_id).where(
                statement.c.id.in_(part),
                ~sa.exists().where(withdrawal.c.withdraws_id == statement.c.id),
            )
        ).all()
        if rows:
            connection.execute(
                sa.insert(statement),
                [
                    {
                        "track_id": row.track_id,
                        "source": "person",
                        "stated_by": stated_by,
                        "origin": ORIGIN_REVIEW,
                        "withdraws_id": row.id,
                    }
                    for row in rows
                ],
            )
        withdrawn += len(rows)
    return withdrawn
