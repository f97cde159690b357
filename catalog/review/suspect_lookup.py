"""The case of a track, and all tracks of a case's artist that have its suspect tag."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import label, review_case, statement, suspect, track, track_status
from catalog.db.track_query import IS_LISTED, latest_audit
from catalog.review.decision import OpenSuspect
from catalog.review.suspect_filters import is_open, is_reviewable, unjudged_sample


def last_case_of_track(connection: Connection, track_id: int) -> str | None:
    """The case of a track in the latest audit; None if it is in none."""
    query = (
        sa.select(review_case.c.case_id)
        .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
        .where(suspect.c.track_id == track_id, is_reviewable())
        .order_by(suspect.c.suspicion.desc())
        .limit(1)
    )
    case_id: str | None = connection.execute(query).scalar_one_or_none()
    return case_id


def artist_suspects(connection: Connection, case_id: str) -> list[OpenSuspect]:
    """All tracks of a case's artist with its suspect tag, flagged or not, that no person has tagged.

    Without tracks that wait for a blind judgment. Empty without a known artist.
    """
    in_case = sa.and_(review_case.c.audit_id == latest_audit("labels"), review_case.c.case_id == case_id)
    rows = connection.execute(
        sa.select(track.c.id, review_case.c.genre_id)
        .join_from(review_case, track, track.c.artist_id == review_case.c.artist_id)
        .join(track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(
            label,
            sa.and_(label.c.statement_id == statement.c.id, label.c.genre_id == review_case.c.genre_id),
        )
        .where(in_case, statement.c.source != "person", IS_LISTED, track.c.id.not_in(unjudged_sample()))
        .order_by(track.c.id)
    )
    flagged = {
        row.track_id: OpenSuspect(row.track_id, row.genre_id, row.suggested_genre_id, row.id)
        for row in connection.execute(
            sa.select(suspect.c.id, suspect.c.track_id, suspect.c.genre_id, suspect.c.suggested_genre_id)
            .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
            .where(is_reviewable(), is_open(), in_case)
        )
    }
    return [flagged.get(row.id, OpenSuspect(row.id, row.genre_id)) for row in rows]
