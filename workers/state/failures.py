"""Tracks that could not be analyzed: recording a failure, taking it back, trying again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.server_time import server_time
from catalog.db.tables import collection, failure, feature_set, track
from catalog.db.upsert import insert_into

DECODING, FEATURES = "decoding", "features"
LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Failure:
    """Why a track has no vector."""

    stage: str
    """`decoding` or `features`."""
    reason: str
    """A code: one of AudioError.REASONS, `memory`, `error` or `poison`."""
    message: str
    """One line for people."""
    recipe_id: int | None = None
    """The recipe that failed; None where it is all of them."""


@dataclass(frozen=True)
class FailedTrack:
    """A failure and the file it is about."""

    track_id: int
    collection: str
    path: str
    stage: str
    feature_set: str | None
    reason: str
    message: str
    attempts: int
    failed_at: datetime


def record(connection: Connection, track_id: int, what: Failure, file_signature: str | None) -> None:
    """Puts the failure in, or counts one more attempt where the same stage failed before."""
    keys = [failure.c.track_id, failure.c.stage]
    of_all = what.recipe_id is None
    if not of_all:
        keys.append(failure.c.feature_set_id)
    said = {
        "reason": what.reason,
        "message": one_line(what.message),
        "file_signature": file_signature,
        "failed_at": _moment(connection),
    }
    connection.execute(
        insert_into(connection, failure)
        .values(track_id=track_id, stage=what.stage, feature_set_id=what.recipe_id, **said)
        .on_conflict_do_update(
            index_elements=keys,
            index_where=sa.text(f"feature_set_id IS {'' if of_all else 'NOT '}NULL"),
            set_={**said, "attempts": failure.c.attempts + 1},
        )
    )


def _moment(connection: Connection) -> datetime:
    """The present time, and not before any recipe that is known: this failure is one of all of them.

    A clock that was set back would make it older than they are, and the file would be tried for ever.
    """
    latest = connection.execute(sa.select(sa.func.max(feature_set.c.created_at))).scalar()
    present = server_time(connection)
    return present if latest is None else max(present, latest)


def clear(connection: Connection, track_id: int, recipe_ids: list[int]) -> None:
    """Forgets the failures that a success has made untrue: of all recipes, and of those that worked."""
    connection.execute(
        sa.delete(failure).where(
            failure.c.track_id == track_id,
            sa.or_(failure.c.feature_set_id.is_(None), failure.c.feature_set_id.in_(recipe_ids)),
        )
    )


def list_failures(connection: Connection, where: ColumnElement[bool] | None = None) -> list[FailedTrack]:
    """The failures, by reason and path. `where` is a condition on `failure` or `track`."""
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
    """Makes failed tracks pending again by forgetting their failures; gives the number of tracks.

    `where` is a condition on `failure` or `track`.
    """
    chosen = sa.select(failure.c.id, failure.c.track_id).join(track, track.c.id == failure.c.track_id)
    found = (chosen if where is None else chosen.where(where)).subquery()
    tracks = connection.execute(sa.select(sa.func.count(found.c.track_id.distinct()))).scalar_one()
    if not dry_run:
        connection.execute(sa.delete(failure).where(failure.c.id.in_(sa.select(found.c.id))))
    return tracks


def one_line(text: str) -> str:
    """The text without line breaks and control characters, at a length that fits a list."""
    flat = " ".join(text.split())
    printable = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in flat)
    return printable if len(printable) <= LONGEST_MESSAGE else printable[: LONGEST_MESSAGE - 1] + "…"
