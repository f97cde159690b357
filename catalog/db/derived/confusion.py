"""`confusion_count`, the confusion matrix of a model, from the out-of-fold predictions of its training set."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from catalog.db.tables import confusion_count, model, prediction, snapshot_member


def refresh_confusion(connection: Connection, model_id: int) -> None:
    """Recomputes the confusion counts of one model, in the caller's transaction."""
    connection.execute(sa.delete(confusion_count).where(confusion_count.c.model_id == model_id))
    columns = ["model_id", "tagged_genre_id", "predicted_genre_id", "tracks"]
    counted = _counted().where(model.c.id == model_id)
    connection.execute(sa.insert(confusion_count).from_select(columns, counted))


def confusion_differences(connection: Connection) -> int:
    """The number of rows of `confusion_count` that differ from recomputed counts."""
    stored = sa.select(confusion_count)
    missing = sa.except_(_counted(), stored).subquery()
    surplus = sa.except_(stored, _counted()).subquery()
    return sum(
        int(connection.execute(sa.select(sa.func.count()).select_from(part)).scalar_one())
        for part in (missing, surplus)
    )


def _counted() -> Select[tuple[int, int, int, int]]:
    return (
        sa.select(
            model.c.id.label("model_id"),
            snapshot_member.c.genre_id.label("tagged_genre_id"),
            prediction.c.genre_1_id.label("predicted_genre_id"),
            sa.func.count().label("tracks"),
        )
        .join_from(model, snapshot_member, snapshot_member.c.snapshot_id == model.c.snapshot_id)
        .join(
            prediction,
            (prediction.c.model_id == model.c.id) & (prediction.c.track_id == snapshot_member.c.track_id),
        )
        .where(prediction.c.fold.is_not(None), prediction.c.genre_1_id.is_not(None))
        .group_by(model.c.id, snapshot_member.c.genre_id, prediction.c.genre_1_id)
    )
