"""Doubts: the suspects of the latest audit as review sees them, and which of them are open."""

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
"""How many judge a track of the check sample's overlap."""


def is_in_effect(made: sa.FromClause) -> ColumnElement[bool]:
    """Whether a row of `decision` is a verdict that was not undone."""
    undoing = decision.alias()
    return sa.and_(made.c.verdict != "undo", ~sa.exists().where(undoing.c.undoes_id == made.c.id))


def is_decided() -> ColumnElement[bool]:
    """Whether a person's verdict stands on the track and the genre of a suspect, of this audit or an earlier one."""
    made = decision.alias()
    return sa.exists().where(
        made.c.track_id == suspect.c.track_id, made.c.genre_id == suspect.c.genre_id, is_in_effect(made)
    )


def is_still_tagged() -> ColumnElement[bool]:
    """Whether the doubted genre is still among the track's: a tag that was changed in the file is no doubt any more."""
    return sa.exists(
        sa.select(sa.literal(1))
        .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id)
        .where(track_status.c.track_id == suspect.c.track_id, label.c.genre_id == suspect.c.genre_id)
    )


def is_open() -> ColumnElement[bool]:
    """Whether a suspect waits for a decision."""
    return sa.and_(~is_decided(), is_still_tagged())


def is_reviewable() -> ColumnElement[bool]:
    """Whether a suspect is of the latest audit, and a doubt: what could only be more precise is none.

    A track of the check sample is none until it was judged: whoever saw its tag in a case could not judge it blind.
    """
    return sa.and_(
        suspect.c.audit_id == latest_audit("labels"),
        suspect.c.relation != "narrower",
        suspect.c.track_id.not_in(unjudged_sample()),
    )


def is_judgment(made: sa.FromClause) -> ColumnElement[bool]:
    """Whether a row of `decision` is a blind verdict of the check sample that stands."""
    return sa.and_(made.c.source == "sample", made.c.blind, is_in_effect(made))


def judgment_count() -> ColumnElement[int]:
    """How many reviewers have judged a row of `audit_sample_track`."""
    judged = decision.alias()
    return (
        sa.select(sa.func.count(sa.distinct(judged.c.reviewer)))
        .where(judged.c.track_id == audit_sample_track.c.track_id, is_judgment(judged))
        .scalar_subquery()
    )


def required_judgments() -> ColumnElement[int]:
    """How many reviewers a row of `audit_sample_track` is for."""
    return sa.case((audit_sample_track.c.overlap, REVIEWERS), else_=1)


def unjudged_sample() -> sa.Select[tuple[int]]:
    """The ids of the tracks of the open check sample that wait for a blind judgment."""
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
