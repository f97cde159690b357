"""The score reconsidered: without the tags that are in doubt, and with those that people have corrected since."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Booleans, Integers
from catalog.db.tables import (
    audit,
    genre,
    model_class,
    prediction,
    snapshot_member,
    statement,
    suspect,
    track_status,
)
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.learning.metrics.evaluation import evaluate


def corrected_label_score(connection: Connection, row: RowMapping) -> dict[str, Any] | None:
    """Scores of a model's stored out-of-fold choices; None for one without any.

    `without_doubted` leaves out the suspects of the latest finished label audit of this model. It flatters: what is left
    out is what the model disagrees with. `corrected` takes the genre that people have given since, where they have: a
    tag that was wrong, and that the model had right, counts for it then.
    """
    classes = row["class_order"]
    column = {genre_id: at for at, genre_id in enumerate(classes)}
    members = connection.execute(_members(row)).all()
    if not members:
        return None
    y = np.array([column[member.genre_id] for member in members], dtype=np.int64)
    choice = np.array([column[member.genre_1_id] for member in members], dtype=np.int64)
    doubted = np.isin([member.track_id for member in members], _doubted(connection, row["id"]))
    now = _as_corrected(connection, row["id"], column, members, y)
    judged = now >= 0
    return {
        "without_doubted": {
            "doubted": int(doubted.sum()),
            **_scores(y, choice, ~doubted & bool(doubted.any()), len(classes)),
        },
        "corrected": {"changed": int((now != y).sum()), **_scores(now, choice, judged, len(classes))},
    }


def _members(row: RowMapping) -> sa.Select[Any]:
    """The training set with the class each track had, the model's first choice, and the tag it has today."""
    return (
        sa.select(
            snapshot_member.c.track_id,
            snapshot_member.c.genre_id,
            prediction.c.genre_1_id,
            track_status.c.tagged_genre_id,
            statement.c.source,
        )
        .join(
            prediction,
            sa.and_(
                prediction.c.track_id == snapshot_member.c.track_id,
                prediction.c.model_id == row["id"],
                prediction.c.fold.is_not(None),
            ),
        )
        .join(track_status, track_status.c.track_id == snapshot_member.c.track_id)
        .join(statement, statement.c.id == track_status.c.statement_id, isouter=True)
        .where(snapshot_member.c.snapshot_id == row["snapshot_id"])
        .order_by(snapshot_member.c.track_id)
    )


def _doubted(connection: Connection, model_id: int) -> Integers:
    """The suspects of the latest audit, tags that could merely be more precise left out; none by another model."""
    latest = connection.execute(
        sa.select(audit.c.id, audit.c.model_id)
        .where(audit.c.kind == "labels", audit.c.finished_at.is_not(None))
        .order_by(audit.c.id.desc())
        .limit(1)
    ).one_or_none()
    if latest is None or latest.model_id != model_id:
        return np.empty(0, dtype=np.int64)
    ids = connection.execute(
        sa.select(suspect.c.track_id).where(suspect.c.audit_id == latest.id, suspect.c.relation != "narrower")
    ).scalars()
    return np.fromiter(ids, dtype=np.int64)


def _as_corrected(
    connection: Connection, model_id: int, column: dict[int, int], members: Any, y: Integers
) -> Integers:
    """(n,): the class of each track by what people say of it today, else as it was; -1 where that is no class."""
    counts_for = dict(
        connection.execute(
            sa.select(model_class.c.genre_id, model_class.c.counts_for_id).where(
                model_class.c.model_id == model_id
            )
        ).all()
    )
    broader = dict(connection.execute(sa.select(genre.c.id, genre.c.parent_id)).all())

    def counted(genre_id: int) -> int:
        if genre_id in counts_for:
            return column.get(counts_for[genre_id] or 0, -1)
        return next((column[term] for term in path_to_top(genre_id, broader) if term in column), -1)

    corrected = y.copy()
    for at, member in enumerate(members):
        if member.source == "person":
            corrected[at] = -1 if member.tagged_genre_id is None else counted(member.tagged_genre_id)
    return corrected


def _scores(y: Integers, choice: Integers, kept: Booleans, classes: int) -> dict[str, float | None]:
    if not kept.any():
        return {"accuracy": None, "macro_f1": None}
    found = evaluate(y[kept], choice[kept], np.arange(int(kept.sum())), classes, resamples=1)
    return {"accuracy": found.accuracy.value, "macro_f1": found.macro_f1.value}
