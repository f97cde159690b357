"""Redo: repeats the decisions of an undo, in new rows that name the undo."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.track_status import lock_tracks
from catalog.db.tables import decision
from catalog.review.decision import DecisionBatch, NothingToDecideError, OpenSuspect, decide
from catalog.review.verdict import verdict_of_batch


def last_undo(connection: Connection, reviewer: str) -> str | None:
    """The batch of the reviewer's newest undo that can be redone; None if there is none.

    As in any editor, only undos since the reviewer's last new decision.
    """
    made = decision.alias()
    newest = (
        sa.select(made.c.id)
        .where(made.c.reviewer == reviewer, made.c.verdict != "undo", made.c.undoes_id.is_(None))
        .order_by(made.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return connection.execute(
        sa.select(decision.c.batch)
        .where(
            decision.c.reviewer == reviewer,
            decision.c.verdict == "undo",
            decision.c.id > sa.func.coalesce(newest, 0),
            is_undo_in_effect(decision),
        )
        .order_by(decision.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def is_undo_in_effect(undo: sa.FromClause) -> sa.ColumnElement[bool]:
    """A row of `decision` that undoes another was not redone."""
    later = decision.alias()
    return ~sa.exists().where(later.c.undoes_id == undo.c.id)


def redo(connection: Connection, batch: str) -> DecisionBatch:
    """Repeats every decision that the undo took back, for the same reviewer, on the current tags.

    The new rows name the rows of the undo (`undoes_id`); no row is changed or deleted. The result reports tags, and
    decisions of other reviewers, that have changed since. Needs a writing transaction. Raises NothingToDecideError if
    there is nothing left to redo, or no track of it is in the catalog.
    """
    tracks = sa.select(decision.c.track_id).where(decision.c.batch == batch).order_by(decision.c.track_id)
    lock_tracks(connection, connection.execute(tracks).scalars().all())
    undone = decision.alias()
    rows = connection.execute(
        sa.select(undone, decision.c.id.label("undo_id"))
        .join_from(decision, undone, undone.c.id == decision.c.undoes_id)
        .where(decision.c.batch == batch, decision.c.verdict == "undo", is_undo_in_effect(decision))
        .order_by(undone.c.id)
    ).all()
    if not rows:
        raise NothingToDecideError("there is no undo to redo")
    verdict = verdict_of_batch([row.verdict for row in rows])
    first = next(row for row in rows if row.verdict == verdict)
    # A `keep` in a batch with another verdict had the tag itself as the suggestion.
    suspects = [
        OpenSuspect(row.track_id, row.genre_id, row.chosen_genre_id or row.genre_id, row.suspect_id)
        for row in rows
    ]
    return decide(
        connection,
        suspects,
        verdict,
        first.reviewer,
        # All decisions of a batch chose the same genre, unless each accepted its own suggestion.
        genre_id=None if verdict == "accept" else first.chosen_genre_id,
        source=first.source,
        blind=first.blind,
        is_answer=first.blind and first.statement_id is None,
        seen={row.track_id: row.before_statement_id for row in rows},
        undoes={(row.track_id, row.genre_id): row.undo_id for row in rows},
    )
