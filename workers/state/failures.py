"""Tracks that could not be analyzed: record failures, clear them, and make their tracks pending again."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.server_time import server_time
from catalog.db.tables import collection, failure, feature_set, track
from catalog.db.upsert import insert_into
from catalog.text import one_line

DECODING, FEATURES = "decoding", "features"
MAX_MESSAGE_LENGTH = 500


@dataclass(frozen=True)
class Failure:
    """The reason why a track has no vector."""

    stage: str
    """`decoding` or `features`."""
    reason: str
    """A code: one of AudioError.REASONS, `memory`, `error` or `poison`."""
    message: str
    """One line of text."""
    feature_set_id: int | None = None
    """The feature set that failed; None for all of them."""


@dataclass(frozen=True)
class FailedTrack:
    """A failure with its file."""

    track_id: int
    collection: str
    path: str
    stage: str
    feature_set: str | None
    reason: str
    message: str
    attempts: int
    failed_at: datetime


def record(connection: Connection, track_id: int, new: Failure, file_signature: str | None) -> None:
    """Inserts the failure, or updates the row and counts one more attempt if the same stage failed before."""
    keys = [failure.c.track_id, failure.c.stage]
    is_general = new.feature_set_id is None
    if not is_general:
        keys.append(failure.c.feature_set_id)
    values = {
        "reason": new.reason,
        "message": one_line(new.message, MAX_MESSAGE_LENGTH),
        "file_signature": file_signature,
        "failed_at": _failure_time(connection),
    }
    connection.execute(
        insert_into(connection, failure)
        .values(track_id=track_id, stage=new.stage, feature_set_id=new.feature_set_id, **values)
        .on_conflict_do_update(
            index_elements=keys,
            index_where=sa.text(f"feature_set_id IS {'' if is_general else 'NOT '}NULL"),
            set_={**values, "attempts": failure.c.attempts + 1},
        )
    )


def _failure_time(connection: Connection) -> datetime:
    """The present time, or the creation time of the newest feature set if it is later: the failure covers all of them.

    After the clock was set back, an older failure would not count, and the file would be analyzed without end.
    """
    latest = connection.execute(sa.select(sa.func.max(feature_set.c.created_at))).scalar()
    present = server_time(connection)
    return present if latest is None else max(present, latest)


def clear(connection: Connection, track_id: int, feature_set_ids: list[int]) -> None:
    """Deletes the failures of a track that a success has made obsolete: general ones and those of the feature sets."""
    connection.execute(
        sa.delete(failure).where(
            failure.c.track_id == track_id,
            sa.or_(failure.c.feature_set_id.is_(None), failure.c.feature_set_id.in_(feature_set_ids)),
        )
    )


def list_failures(connection: Connection, where: ColumnElement[bool] | None = None) -> list[FailedTrack]:
    """The failures in order of reason and path. `where` is a condition on `failure` or `track`."""
    query = (
        sa.select(
            failure.c.track_id,
            collection.c.name,
            track.c.path,
            failure.c.stage,
            feature_set.c.name,
            failure.c.reason,
            failure.c.message,
            failure.c.attempts,
            failure.c.failed_at,
        )
        .join(track, track.c.id == failure.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .outerjoin(feature_set, feature_set.c.id == failure.c.feature_set_id)
        .order_by(failure.c.reason, track.c.path, failure.c.id)
    )
    if where is not None:
        query = query.where(where)
    return [FailedTrack(*row) for row in connection.execute(query)]


def retry(connection: Connection, where: ColumnElement[bool] | None = None, *, dry_run: bool = False) -> int:
    """Deletes failures, which makes their tracks pending again. Returns the number of tracks.

    `where` is a condition on `failure` or `track`.
    """
    failures = sa.select(failure.c.id, failure.c.track_id).join(track, track.c.id == failure.c.track_id)
    selected = (failures if where is None else failures.where(where)).subquery()
    tracks = connection.execute(sa.select(sa.func.count(selected.c.track_id.distinct()))).scalar_one()
    if not dry_run:
        connection.execute(sa.delete(failure).where(failure.c.id.in_(sa.select(selected.c.id))))
    return tracks
