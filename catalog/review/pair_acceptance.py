"""How often people accepted the suggestion of one genre for another."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import decision, suspect
from catalog.review.suspect_filters import is_in_effect


@dataclass(frozen=True, slots=True)
class PairAcceptance:
    """Number of decisions on such suggestions, and how many of them were accepted."""

    decided: int
    accepted: int


def pair_acceptance(connection: Connection, tagged_genre_id: int, suggested_genre_id: int) -> PairAcceptance:
    """The decisions in effect that accept or reject one genre for another, without neutral verdicts."""
    is_accepted = sa.and_(
        decision.c.verdict.in_(["accept", "relabel"]),
        sa.func.coalesce(decision.c.chosen_genre_id, suggested_genre_id) == suggested_genre_id,
    )
    row = connection.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((is_accepted, 1), else_=0)), 0))
        .join_from(decision, suspect, suspect.c.id == decision.c.suspect_id)
        .where(
            suspect.c.genre_id == tagged_genre_id,
            suspect.c.suggested_genre_id == suggested_genre_id,
            decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
            is_in_effect(decision),
        )
    ).one()
    return PairAcceptance(int(row[0]), int(row[1]))
