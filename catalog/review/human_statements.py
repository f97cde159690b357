"""What people say of genres as evidence: human statements by genre, many at a time, and taking them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.statements import joined_text
from catalog.db.tables import genre, label, statement, track_status

ORIGIN_REVIEW = "review"
"""`statement.origin` of what was decided in a review."""
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class CurrentTags:
    """The genres that count for a track now."""

    statement_id: int | None
    """None: nobody has said anything of the track."""
    genre_ids: tuple[int, ...]
    as_written: tuple[str, ...]
    """In the same order."""


NO_TAGS = CurrentTags(None, (), ())


def current_tags(connection: Connection, track_ids: Iterable[int]) -> Mapping[int, CurrentTags]:
    """What counts now for each of the tracks, by `track_status`; a track that has no row there is not in it."""
    ids = sorted(set(track_ids))
    statements: dict[int, int | None] = {}
    tags: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for start in range(0, len(ids), CHUNK):
        rows = connection.execute(
            sa.select(
                track_status.c.track_id, track_status.c.statement_id, label.c.genre_id, label.c.as_written
            )
            .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id, isouter=True)
            .where(track_status.c.track_id.in_(ids[start : start + CHUNK]))
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
    """Adds a human statement to each track, genre ids by track id; gives the statements' ids by track.

    A genre that the track had keeps its spelling, another gets the vocabulary's. `track_status` is left to the caller.
    """
    if not genres:
        return {}
    wanted = {genre_id for genre_ids in genres.values() for genre_id in genre_ids}
    names = dict(connection.execute(sa.select(genre.c.id, genre.c.name).where(genre.c.id.in_(wanted))).all())
    spelled: dict[int, list[str]] = {}
    for track_id, genre_ids in genres.items():
        had = before.get(track_id, NO_TAGS)
        spelling = dict(zip(had.genre_ids, had.as_written, strict=True))
        spelled[track_id] = [spelling.get(genre_id) or names[genre_id] for genre_id in genre_ids]
    made = connection.execute(
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
    ids = dict(zip(genres, made, strict=True))
    labels = [
        {"statement_id": ids[track_id], "rank": rank, "genre_id": genre_id, "as_written": text}
        for track_id, genre_ids in genres.items()
        for rank, (genre_id, text) in enumerate(zip(genre_ids, spelled[track_id], strict=True))
    ]
    if labels:
        connection.execute(sa.insert(label), labels)
    return ids


def withdraw_statements(connection: Connection, statement_ids: Iterable[int], *, stated_by: str) -> int:
    """Takes human statements back, those already taken back excepted; gives how many. `track_status` is left to the caller."""
    again = statement.alias("again")
    taken = 0
    ids = sorted(set(statement_ids))
    for start in range(0, len(ids), CHUNK):
        rows = connection.execute(
            sa.select(statement.c.id, statement.c.track_id).where(
                statement.c.id.in_(ids[start : start + CHUNK]),
                ~sa.exists().where(again.c.withdraws_id == statement.c.id),
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
        taken += len(rows)
    return taken
