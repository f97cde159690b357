"""Removes tracks with everything about them. Rows are deleted table by table, without cascades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import (
    album,
    artist,
    claim,
    decision,
    failure,
    feature_vector,
    fma_track,
    label,
    model,
    prediction,
    review_case,
    snapshot_member,
    statement,
    suspect,
    tag_write,
    track,
    track_descriptor,
    track_network_tag,
    track_status,
)


@dataclass
class RemovalResult:
    """Numbers of rows that were removed, or would be in a dry run."""

    tracks: int = 0
    statements: int = 0
    human_statements: int = 0
    """Statements by a person."""
    decisions: int = 0
    tag_writes: int = 0
    """Journal entries of tags written to files; without them a write cannot be undone."""

    @property
    def human_evidence(self) -> int:
        """Rows that only a person could make again."""
        return self.human_statements + self.decisions + self.tag_writes


def remove_tracks(connection: Connection, track_ids: Iterable[int]) -> RemovalResult:
    """Removes tracks with their statements, decisions and results, and artists and albums without other tracks.

    Runs in the caller's transaction and refreshes `track_status` and `confusion_count` of the other tracks. Models
    stay, but their training sets lose the removed tracks.
    """
    removed = RemovalResult()
    artists: set[int] = set()
    models: set[int] = set()
    for ids in chunks(sorted(set(track_ids))):
        of_tracks = sa.select(track.c.artist_id).distinct().where(track.c.id.in_(ids))
        artists |= {
            artist_id for artist_id in connection.execute(of_tracks).scalars() if artist_id is not None
        }
        predicting = sa.select(prediction.c.model_id).distinct().where(prediction.c.track_id.in_(ids))
        snapshots = sa.select(snapshot_member.c.snapshot_id).where(snapshot_member.c.track_id.in_(ids))
        trained = sa.select(model.c.id).where(model.c.snapshot_id.in_(snapshots))
        models |= set(connection.execute(predicting.union(trained)).scalars())
        _remove_chunk(connection, ids, removed)
    for model_id in sorted(models):
        refresh_confusion(connection, model_id)
    refresh_track_status(connection, one_track_of(connection, artists))
    _remove_orphans(connection)
    return removed


def has_human_evidence() -> sa.ColumnElement[bool]:
    """The condition that a person stated or decided something about a track, or that tags were written to its file."""
    return sa.or_(
        sa.exists().where(statement.c.track_id == track.c.id, statement.c.source == "person"),
        sa.exists().where(decision.c.track_id == track.c.id),
        sa.exists().where(tag_write.c.track_id == track.c.id),
    )


@dataclass(frozen=True, slots=True)
class PruneResult:
    """The result of a pruning, or of its dry run."""

    removed: int
    kept: int
    """Tracks that are missing as long, but have human evidence."""


def prune(database: Database, days: float, *, dry_run: bool = False) -> PruneResult:
    """Removes the tracks that have been missing for more than `days`.

    Tracks with human evidence (statements, decisions, tags written to their files) are kept, because the file may
    come back.
    """
    missing = sa.select(track.c.id, has_human_evidence()).where(
        track.c.state == "missing", track.c.seen_at < now() - timedelta(days=days)
    )
    with database.writer.connect() as connection, connection.begin() as transaction:
        rows = connection.execute(missing).all()
        removable = [track_id for track_id, is_kept in rows if not is_kept]
        remove_tracks(connection, removable)
        if dry_run:
            transaction.rollback()
    return PruneResult(len(removable), len(rows) - len(removable))


def _remove_chunk(connection: Connection, ids: Sequence[int], removed: RemovalResult) -> None:
    statements = sa.select(statement.c.id).where(statement.c.track_id.in_(ids))
    human = sa.select(sa.func.count()).select_from(statement)
    human = human.where(statement.c.track_id.in_(ids), statement.c.source == "person")
    removed.human_statements += connection.execute(human).scalar_one()
    for table in (track_status, suspect, prediction, snapshot_member, claim, failure):
        connection.execute(sa.delete(table).where(table.c.track_id.in_(ids)))
    for table in (feature_vector, fma_track, track_descriptor, track_network_tag):
        connection.execute(sa.delete(table).where(table.c.track_id.in_(ids)))
    removed.tag_writes += _delete(connection, sa.delete(tag_write).where(tag_write.c.track_id.in_(ids)))
    removed.decisions += _delete(connection, sa.delete(decision).where(decision.c.track_id.in_(ids)))
    connection.execute(sa.delete(label).where(label.c.statement_id.in_(statements)))
    removed.statements += _delete(connection, sa.delete(statement).where(statement.c.track_id.in_(ids)))
    removed.tracks += _delete(connection, sa.delete(track).where(track.c.id.in_(ids)))


def _remove_orphans(connection: Connection) -> None:
    """Removes albums without tracks, then artists without tracks and albums, unless a review case refers to them."""
    used = sa.exists().where(track.c.album_id == album.c.id) | sa.exists().where(
        review_case.c.album_id == album.c.id
    )
    connection.execute(sa.delete(album).where(~used))
    used = (
        sa.exists().where(track.c.artist_id == artist.c.id)
        | sa.exists().where(album.c.artist_id == artist.c.id)
        | sa.exists().where(review_case.c.artist_id == artist.c.id)
    )
    connection.execute(sa.delete(artist).where(~used))


def _delete(connection: Connection, delete: sa.Delete) -> int:
    return int(connection.execute(delete).rowcount)
