"""Doubts: the suspects of the latest audit as review sees them, and which of them are open."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from catalog.db.tables import audit, decision, label, standing, suspect

latest_audit = (
    sa.select(sa.func.max(audit.c.id))
    .where(audit.c.kind == "labels", audit.c.finished_at.is_not(None))
    .scalar_subquery()
)
"""The id of the latest finished audit of the labels; NULL before the first."""


def is_standing(made: sa.FromClause) -> ColumnElement[bool]:
    """Whether a row of `decision` is a verdict that was not undone."""
    undoing = decision.alias()
    return sa.and_(made.c.verdict != "undo", ~sa.exists().where(undoing.c.undoes_id == made.c.id))


def is_decided() -> ColumnElement[bool]:
    """Whether a person's verdict stands on the track and the genre of a suspect, of this audit or an earlier one."""
    made = decision.alias()
    return sa.exists().where(
        made.c.track_id == suspect.c.track_id, made.c.genre_id == suspect.c.genre_id, is_standing(made)
    )


def is_tagged_still() -> ColumnElement[bool]:
    """Whether the doubted genre is still among the track's: a tag that was changed in the file is no doubt any more."""
    return sa.exists(
        sa.select(sa.literal(1))
        .join_from(standing, label, label.c.statement_id == standing.c.statement_id)
        .where(standing.c.track_id == suspect.c.track_id, label.c.genre_id == suspect.c.genre_id)
    )


def is_open() -> ColumnElement[bool]:
    """Whether a suspect waits for a decision."""
    return sa.and_(~is_decided(), is_tagged_still())


def is_doubt() -> ColumnElement[bool]:
    """Whether a suspect is of the latest audit, and a doubt: what could only be more precise is none."""
    return sa.and_(suspect.c.audit_id == latest_audit, suspect.c.relation != "narrower")
