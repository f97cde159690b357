"""How much the labels have changed since the active model was trained."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import snapshot, snapshot_member
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.registry.registry import active_model


def changed_since_training(connection: Connection, fresh: Snapshot | None) -> int:
    """How many tracks have come, gone or changed class since the training set of the active model.

    Those that were forgotten since have gone too, though the training set lists them no more. All of them where there is
    no trained model, and where nothing can be learned any more; none where neither is there.
    """
    now = (
        set()
        if fresh is None
        else {
            (track_id, fresh.classes[column])
            for track_id, column in zip(fresh.track_ids.tolist(), fresh.y.tolist(), strict=True)
        }
    )
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return len(now)
    members = connection.execute(
        sa.select(snapshot_member.c.track_id, snapshot_member.c.genre_id).where(
            snapshot_member.c.snapshot_id == row["snapshot_id"]
        )
    )
    then = {(member.track_id, member.genre_id) for member in members}
    learned_from: int = connection.execute(
        sa.select(snapshot.c.tracks).where(snapshot.c.id == row["snapshot_id"])
    ).scalar_one()
    return len({track_id for track_id, _ in now ^ then}) + learned_from - len(then)
