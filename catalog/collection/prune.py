"""Pruning: forgetting tracks whose files have long been gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.removal import remove_tracks
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import decision, statement, tag_write, track


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning did, or would do."""

    removed: int
    kept: int
    """Tracks that are gone as long, but of which a person said something."""


def prune(database: Database, days: float, *, dry_run: bool = False) -> Pruned:
    """Removes the tracks that are missing and that no scan has found for that many days.

    Tracks with human evidence (statements, decisions, tags we wrote to their files) are kept: the file may come back.
    """
    with database.writer.connect() as connection, connection.begin() as transaction:
        gone, kept = _gone(connection, days)
        remove_tracks(connection, gone)
        if dry_run:
            transaction.rollback()
    return Pruned(len(gone), kept)


def _gone(connection: Connection, days: float) -> tuple[list[int], int]:
    """Ids of the tracks to remove, and how many others are to be kept."""
    human = (
        sa.exists().where(statement.c.track_id == track.c.id, statement.c.source == "person")
        | sa.exists().where(decision.c.track_id == track.c.id)
        | sa.exists().where(tag_write.c.track_id == track.c.id)
    )
    gone = sa.select(track.c.id, human).where(
        track.c.state == "missing", track.c.seen_at < now() - timedelta(days=days)
    )
    rows = list(connection.execute(gone))
    return [key for key, spoken_of in rows if not spoken_of], sum(bool(spoken_of) for _, spoken_of in rows)
