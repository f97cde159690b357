"""Classes of the model before that a model no longer has, for example because decisions left too few tracks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, model, model_class


def vanished_classes(connection: Connection, model_id: int) -> tuple[str, ...]:
    """One line for each class of the previously active model that this model does not have, by name, with the reason.

    Empty for the first model and for models that were not trained here.
    """
    trained = model.c.snapshot_id.is_not(None)
    previous = (
        sa.select(sa.func.max(model.c.id))
        .where(model.c.id < model_id, model.c.status == "retired", trained)
        .scalar_subquery()
    )
    before, after = model_class.alias("before"), model_class.alias("after")
    rows = connection.execute(
        sa.select(genre.c.name, after.c.reason)
        .join_from(before, genre, genre.c.id == before.c.genre_id)
        .join(
            after,
            sa.and_(after.c.model_id == model_id, after.c.genre_id == before.c.genre_id),
            isouter=True,
        )
        .where(
            before.c.model_id == previous,
            before.c.counts_for_id == before.c.genre_id,
            sa.or_(after.c.counts_for_id.is_(None), after.c.counts_for_id != before.c.genre_id),
            sa.exists().where(model.c.id == model_id, trained),
        )
        .order_by(genre.c.name)
    )
    return tuple(f"{name} is no longer judged: {reason or 'no track is left'}" for name, reason in rows)
