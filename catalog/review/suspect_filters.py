"""SQL conditions on suspects and decisions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from catalog.db.tables import (
    audit_sample,
    audit_sample_track,
    decision,
    label,
    suspect,
    track,
    track_status,
)
from catalog.db.track_query import HAS_FILE, latest_audit

REVIEWERS = 2
"""Reviewers per track of the audit sample's overlap."""


def is_not_undone(row: sa.FromClause) -> ColumnElement[bool]:
    """A row of `decision` is a verdict or a blind answer that was not undone."""
    undoing = decision.alias()
    return sa.and_(row.c.verdict != "undo", ~sa.exists().where(undoing.c.undoes_id == row.c.id))


def is_in_effect(row: sa.FromClause) -> ColumnElement[bool]:
    """A row of `decision` is a verdict that was not undone.

    A blind answer that differs from the tags is no verdict: it states no genre and counts in the sample alone.
    """
    is_answer = sa.and_(row.c.blind, row.c.verdict.in_(["keep", "relabel"]), row.c.statement_id.is_(None))
    return sa.and_(is_not_undone(row), sa.not_(is_answer))


def is_decided() -> ColumnElement[bool]:
    """A decision on the track and tag of a suspect is in effect, from this audit or an earlier one."""
    row = decision.alias()
    return sa.exists().where(
        row.c.track_id == suspect.c.track_id, row.c.genre_id == suspect.c.genre_id, is_in_effect(row)
    )


def is_still_tagged() -> ColumnElement[bool]:
    """The suspect tag is still a tag of the track; it may have changed in the file."""
    return sa.exists(
        sa.select(sa.literal(1))
        .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id)
        .where(track_status.c.track_id == suspect.c.track_id, label.c.genre_id == suspect.c.genre_id)
    )


def is_open() -> ColumnElement[bool]:
    """A suspect waits for a decision."""
    return sa.and_(~is_decided(), is_still_tagged())


def is_reviewable() -> ColumnElement[bool]:
    """A suspect of the latest audit, other than a narrower suggestion.

    A track of the audit sample is hidden until it is judged: a reviewer who saw its tag in a case could not judge it
    blind.
    """
    return sa.and_(
        suspect.c.audit_id == latest_audit("labels"),
        suspect.c.relation != "narrower",
        suspect.c.track_id.not_in(unjudged_sample()),
    )


def is_judgment(row: sa.FromClause) -> ColumnElement[bool]:
    """A row of `decision` is a blind judgment in effect of the audit sample."""
    return sa.and_(row.c.source == "sample", row.c.blind, is_not_undone(row))


def judgment_count() -> ColumnElement[int]:
    """The number of reviewers who judged a row of `audit_sample_track`."""
    judgment = decision.alias()
    return (
        sa.select(sa.func.count(sa.distinct(judgment.c.reviewer)))
        .where(judgment.c.track_id == audit_sample_track.c.track_id, is_judgment(judgment))
        .scalar_subquery()
    )


def required_judgments() -> ColumnElement[int]:
    """The number of reviewers that a row of `audit_sample_track` needs."""
    return sa.case((audit_sample_track.c.overlap, REVIEWERS), else_=1)


def unjudged_sample() -> sa.Select[int]:
    """The ids of the tracks of the open audit sample that wait for a blind judgment."""
    newest = sa.select(sa.func.max(audit_sample.c.id)).where(audit_sample.c.closed_at.is_(None))
    return (
        sa.select(audit_sample_track.c.track_id)
        .join(track, track.c.id == audit_sample_track.c.track_id)
        .where(
            audit_sample_track.c.audit_sample_id == newest.scalar_subquery(),
            HAS_FILE,
            judgment_count() < required_judgments(),
        )
    )
