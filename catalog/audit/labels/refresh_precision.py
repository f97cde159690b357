"""`suspect.expected_right`, kept equal to what people's decisions say."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.estimated_precision import FEWEST_DECISIONS, expected_right
from catalog.db.tables import audit, decision, suspect

STEP = 10
"""Decisions between two refreshes: one more changes a share of a hundred by a point."""


def refresh_expected_right(connection: Connection, audit_id: int | None = None) -> int:
    """Writes `expected_right` of the suspects of an audit, by default the latest; gives how many rows changed.

    From the standing verdicts on suspects, those that say neither yes nor no excepted. NULL before 100 decisions.
    """
    audit_id = audit_id or _latest(connection)
    if audit_id is None:
        return 0
    decided = connection.execute(_decided()).all()
    doubts = connection.execute(
        sa.select(
            suspect.c.id,
            suspect.c.suspicion,
            suspect.c.genre_id,
            suspect.c.suggested_genre_id,
            suspect.c.expected_right,
        )
        .where(suspect.c.audit_id == audit_id, suspect.c.relation != "narrower")
        .order_by(suspect.c.id)
    ).all()
    shares = expected_right(
        np.array([row.suspicion for row in decided], dtype=np.float64),
        np.array([_is_accepted(row) for row in decided], dtype=np.bool_),
        [(row.genre_id, row.suggested_genre_id) for row in decided],
        np.array([row.suspicion for row in doubts], dtype=np.float64),
        [(row.genre_id, row.suggested_genre_id) for row in doubts],
    )
    wanted = [None] * len(doubts) if shares is None else [round(float(share), 3) for share in shares]
    changed = [
        {"key": row.id, "share": share}
        for row, share in zip(doubts, wanted, strict=True)
        if row.expected_right != share
    ]
    if changed:
        connection.execute(
            sa.update(suspect)
            .where(suspect.c.id == sa.bindparam("key"))
            .values(expected_right=sa.bindparam("share")),
            changed,
        )
    return len(changed)


def follow_decisions(connection: Connection, change: int) -> None:
    """Refreshes after `change` decisions were made or undone: every tenth decision, and where there are too few."""
    counted = int(
        connection.execute(sa.select(sa.func.count()).select_from(_decided().subquery())).scalar_one()
    )
    if counted + change < FEWEST_DECISIONS:
        return
    if (counted - change) // STEP != counted // STEP or (counted + change) // STEP != counted // STEP:
        refresh_expected_right(connection)


def _decided() -> sa.Select[tuple[str, int | None, float, int, int]]:
    """The standing verdicts on suspects that say yes or no, with what the suspect said then."""
    undoing = decision.alias()
    return (
        sa.select(
            decision.c.verdict,
            decision.c.chosen_genre_id,
            suspect.c.suspicion,
            suspect.c.genre_id,
            suspect.c.suggested_genre_id,
        )
        .join_from(decision, suspect, suspect.c.id == decision.c.suspect_id)
        .where(
            decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
            ~sa.exists().where(undoing.c.undoes_id == decision.c.id),
        )
        .order_by(decision.c.id)
    )


def _is_accepted(row: sa.Row[tuple[str, int | None, float, int, int]]) -> bool:
    """Whether the suggestion was right: taken as it is, or chosen by name."""
    return row.verdict in {"accept", "relabel"} and row.chosen_genre_id in {None, row.suggested_genre_id}


def _latest(connection: Connection) -> int | None:
    newest: int | None = connection.execute(
        sa.select(sa.func.max(audit.c.id)).where(audit.c.kind == "labels", audit.c.finished_at.is_not(None))
    ).scalar_one()
    return newest
