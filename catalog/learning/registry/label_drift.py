"""Number of labels changed since the active model was trained."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import snapshot, snapshot_member
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.registry.registry import active_model


def changed_since_training(connection: Connection, current: Snapshot | None) -> int:
    """Number of tracks added to, removed from or relabeled in the training set since the active model was trained.

    `current` is today's training set, None if there are too few labels. Tracks deleted from the catalog count as
    removed, although the stored training set does not list them. Without a trained model all current tracks count.
    """
    labels: set[tuple[int, int]] = set()
    if current is not None:
        genres = [current.classes[column] for column in current.y.tolist()]
        labels = set(zip(current.track_ids.tolist(), genres, strict=True))
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return len(labels)
    members = connection.execute(
        sa.select(snapshot_member.c.track_id, snapshot_member.c.genre_id).where(
            snapshot_member.c.snapshot_id == row["snapshot_id"]
        )
    )
    trained = {(member.track_id, member.genre_id) for member in members}
    tracks: int = connection.execute(
        sa.select(snapshot.c.tracks).where(snapshot.c.id == row["snapshot_id"])
    ).scalar_one()
    return len({track_id for track_id, _ in labels ^ trained}) + tracks - len(trained)
