"""Score of a model without suspect labels, and with the labels that people corrected after training."""

from dataclasses import dataclass
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
from catalog.db.track_query import latest_audit, select_ids
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.learning.dataset.snapshot import out_of_fold_members
from catalog.learning.metrics.evaluation import evaluate


@dataclass(frozen=True, slots=True)
class ScoreWithoutSuspects:
    """Without the suspects of the latest label audit. Optimistic: the model itself selects the tracks left out."""

    suspects: int
    accuracy: float | None
    """0 to 1; None without a suspect."""
    macro_f1: float | None


@dataclass(frozen=True, slots=True)
class CorrectedScore:
    """With the labels that people corrected: a wrong label that the model predicted correctly counts as correct."""

    changed: int
    accuracy: float | None
    """0 to 1; None where no label is a class today."""
    macro_f1: float | None


@dataclass(frozen=True, slots=True)
class CorrectedLabelScore:
    """Both scores of a model's stored out-of-fold predictions."""

    without_suspects: ScoreWithoutSuspects
    corrected: CorrectedScore


def corrected_label_score(connection: Connection, row: RowMapping) -> CorrectedLabelScore | None:
    """Scores a model's stored out-of-fold predictions against today's labels; None for a model without any."""
    classes = row["class_order"]
    column = {genre_id: at for at, genre_id in enumerate(classes)}
    members = connection.execute(_members(row)).all()
    if not members:
        return None
    y = np.array([column[member.genre_id] for member in members], dtype=np.int64)
    choice = np.array([column[member.genre_1_id] for member in members], dtype=np.int64)
    is_suspect = np.isin([member.track_id for member in members], _suspects(connection, row["id"]))
    corrected = _corrected_classes(connection, row["id"], column, members, y)
    without = _scores(y, choice, ~is_suspect & bool(is_suspect.any()), len(classes))
    with_corrections = _scores(corrected, choice, corrected >= 0, len(classes))
    return CorrectedLabelScore(
        ScoreWithoutSuspects(int(is_suspect.sum()), *without),
        CorrectedScore(int((corrected != y).sum()), *with_corrections),
    )


def _members(row: RowMapping) -> sa.Select[Any]:
    """The training set with the class of each track, the model's most probable class, and today's tag."""
    query = out_of_fold_members(
        row,
        snapshot_member.c.track_id,
        snapshot_member.c.genre_id,
        prediction.c.genre_1_id,
        track_status.c.tagged_genre_id,
        statement.c.source,
    )
    return query.join(track_status, track_status.c.track_id == snapshot_member.c.track_id).join(
        statement, statement.c.id == track_status.c.statement_id, isouter=True
    )


def _suspects(connection: Connection, model_id: int) -> Integers:
    """Suspects of the latest audit if it used this model, without tags that could only be more specific."""
    return select_ids(
        connection,
        sa.select(suspect.c.track_id)
        .join_from(suspect, audit, audit.c.id == suspect.c.audit_id)
        .where(
            audit.c.id == latest_audit("labels"),
            audit.c.model_id == model_id,
            suspect.c.relation != "narrower",
        ),
    )


def _corrected_classes(
    connection: Connection, model_id: int, column: dict[int, int], members: Any, y: Integers
) -> Integers:
    """(n,): the class of the label that a person set since, else unchanged; -1 where that is not a class."""
    counts_for = dict(
        connection.execute(
            sa.select(model_class.c.genre_id, model_class.c.counts_for_id).where(
                model_class.c.model_id == model_id
            )
        ).all()
    )
    broader = dict(connection.execute(sa.select(genre.c.id, genre.c.parent_id)).all())

    def class_column(genre_id: int) -> int:
        if genre_id in counts_for:
            return column.get(counts_for[genre_id] or 0, -1)
        return next((column[term] for term in path_to_top(genre_id, broader) if term in column), -1)

    corrected = y.copy()
    for at, member in enumerate(members):
        if member.source == "person":
            corrected[at] = -1 if member.tagged_genre_id is None else class_column(member.tagged_genre_id)
    return corrected


def _scores(y: Integers, choice: Integers, kept: Booleans, classes: int) -> tuple[float | None, float | None]:
    """Accuracy and macro F1; None twice without a track."""
    if not kept.any():
        return None, None
    evaluation = evaluate(y[kept], choice[kept], np.arange(int(kept.sum())), classes, resamples=1)
    return evaluation.accuracy.value, evaluation.macro_f1.value
