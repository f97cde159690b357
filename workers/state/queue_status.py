"""Queue status: pending tracks, workers and advice, from the database; and the number of jobs, from the broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import claim, failure, feature_vector, track, worker
from catalog.features.stored_feature_set import find_feature_set, register_feature_set
from catalog.features.vectors import count_tracks_without_vector
from workers.broker.job_queue import DEFAULT_TIME_LIMIT, open_queue, queue_length, queue_name
from workers.host.root_mapping import unmounted_roots
from workers.state import liveness
from workers.state.queue_feeder import QueueFeeder

if TYPE_CHECKING:
    from catalog.settings import Settings
    from workers.broker.broker import Broker

NO_WORKER = "no worker is running"
START_WORKER = "run: catalog analyze, or on a server: catalog worker"
"""What to do while tracks are pending and no worker is running."""
RATE_PERIOD_MINUTES = 5
STALLED_AFTER = timedelta(minutes=10)
"""Longer than any sensible --time-limit: the worker hangs where no signal reaches it."""


@dataclass(frozen=True)
class WorkerStatus:
    """A worker that has not stopped."""

    name: str
    host: str
    pid: int
    version: str
    seconds_silent: float
    """Since its last heartbeat; normally below ten."""
    track_id: int | None
    path: str | None
    """The track at work."""
    seconds_at_it: float | None
    analyzed: int
    """Tracks since its start."""
    failed: int
    seconds_a_track: float | None
    """The mean; None before the first track."""


@dataclass(frozen=True)
class QueueStatus:
    """The status of the analysis according to the database."""

    pending: int
    """Tracks that lack a vector, including claimed ones."""
    claimed: int
    failed: int
    analyzed_last_minute: int
    tracks_a_minute: float
    """The mean of the last five minutes."""
    unmounted: int
    """Pending tracks in folders that are not mounted on this host."""
    workers: list[WorkerStatus]

    @property
    def minutes_left(self) -> float | None:
        """At the present rate; None if the rate is zero or no worker is running."""
        return self.pending / self.tracks_a_minute if self.tracks_a_minute and self.workers else None

    @property
    def advice(self) -> str | None:
        """The most important action to take; None if there is none."""
        return next(self._all_advice(), None)

    def _all_advice(self) -> Iterator[str]:
        if self.pending and not self.workers:
            yield f"{NO_WORKER}; {START_WORKER}"
        silent = sum(one.seconds_silent > liveness.LOST_AFTER.total_seconds() for one in self.workers)
        if silent:
            yield f"{_workers_are(silent)} silent; to release their tracks: catalog queue sync"
        stalled = sum((one.seconds_at_it or 0) > STALLED_AFTER.total_seconds() for one in self.workers)
        if stalled:
            minutes = round(STALLED_AFTER.total_seconds() / 60)
            yield f"{_workers_are(stalled)} at the same track for more than {minutes} minutes; see their hosts"
        if self.unmounted and self.unmounted == self.pending:
            yield f"{self.unmounted:,} tracks wait for a disk that is not mounted here"
        others = {one.version for one in self.workers} - {version("music-catalog")}
        if others:
            yield f"workers run version {', '.join(sorted(others))}; restart them with that of this host"
        if self.failed:
            yield "see what failed: catalog failures list"


def queue_status(database: Database, feature_sets: Sequence[FeatureSet]) -> QueueStatus:
    """The status of the analysis of these feature sets. It does not need the broker."""
    with database.read() as connection:
        time = server_time(connection)
        claimed = sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
        period = timedelta(minutes=RATE_PERIOD_MINUTES)
        return QueueStatus(
            pending=count_pending(connection, feature_sets),
            claimed=connection.execute(claimed).scalar_one(),
            failed=connection.execute(sa.select(sa.func.count(failure.c.track_id.distinct()))).scalar_one(),
            analyzed_last_minute=_count_analyzed(connection, time - timedelta(minutes=1)),
            tracks_a_minute=_count_analyzed(connection, time - period) / RATE_PERIOD_MINUTES,
            unmounted=_count_unmounted(connection, feature_sets),
            workers=_list_workers(connection, time),
        )


def _list_workers(connection: Connection, time: datetime) -> list[WorkerStatus]:
    at_work = claim.c.claimed_at.is_not(None)
    rows = connection.execute(
        sa.select(worker, claim.c.track_id, claim.c.claimed_at, track.c.path)
        .outerjoin(claim, sa.and_(claim.c.worker_id == worker.c.id, at_work))
        .outerjoin(track, track.c.id == claim.c.track_id)
        .where(worker.c.stopped_at.is_(None))
        .order_by(worker.c.host, worker.c.id)
    )
    return [
        WorkerStatus(
            name=row.name,
            host=row.host,
            pid=row.pid,
            version=row.version,
            seconds_silent=(time - row.heartbeat_at).total_seconds(),
            track_id=row.track_id,
            path=row.path,
            seconds_at_it=None if row.claimed_at is None else (time - row.claimed_at).total_seconds(),
            analyzed=row.analyzed,
            failed=row.failed,
            seconds_a_track=row.seconds / tracks if (tracks := row.analyzed + row.failed) else None,
        )
        for row in rows
    ]


def synchronize(
    database: Database,
    broker: Broker | None,
    feature_sets: Sequence[FeatureSet],
    time_limit: int = DEFAULT_TIME_LIMIT,
) -> tuple[int, int]:
    """Releases the claims of dead workers and, with a broker, feeds the queue once. Running workers do both regularly.

    Returns the number of dead workers and the number of tracks added to the queue.
    """
    with database.write() as connection:
        dead = liveness.sweep(connection)
        stored = [register_feature_set(connection, features) for features in feature_sets]
    if broker is None:
        return dead, 0
    with database.read() as connection, broker.connect() as broker_connection:
        queue = open_queue(queue_name(database), broker_connection)
        mounted = track.c.collection_id.not_in(unmounted_roots(connection))
        return dead, QueueFeeder(queue, stored, time_limit, workers=1).top_up(connection, mounted)


def count_pending(
    connection: Connection, feature_sets: Sequence[FeatureSet], where: ColumnElement[bool] | None = None
) -> int:
    """The number of tracks that lack one of the feature sets. `where` is a condition on `track`."""
    rows = [find_feature_set(connection, features.hash) for features in feature_sets]
    ids = [stored.id for stored in rows if stored is not None]
    if ids and len(ids) == len(feature_sets):
        return count_tracks_without_vector(connection, ids, where)
    # No vector exists of a feature set without a row.
    present = sa.and_(track.c.state == "present", where if where is not None else sa.true())
    return connection.execute(sa.select(sa.func.count()).select_from(track).where(present)).scalar_one()


def _workers_are(count: int) -> str:
    return "1 worker is" if count == 1 else f"{count:,} workers are"


def _count_analyzed(connection: Connection, since: datetime) -> int:
    return connection.execute(
        sa.select(sa.func.count(feature_vector.c.track_id.distinct())).where(
            feature_vector.c.computed_at >= since
        )
    ).scalar_one()


def _count_unmounted(connection: Connection, feature_sets: Sequence[FeatureSet]) -> int:
    unmounted = unmounted_roots(connection)
    if not unmounted:
        return 0
    return count_pending(connection, feature_sets, track.c.collection_id.in_(unmounted))


def count_jobs(database: Database, settings: Settings) -> int | None:
    """The number of jobs in the queue; None if the embedded broker is not running.

    Raises BrokerUnreachableError if the broker of the settings does not answer.
    """
    from redis import RedisError

    from workers.broker.broker import BrokerUnreachableError, find_broker

    broker = find_broker(settings.redis_url, settings.run)
    if broker is None:
        return None
    name = queue_name(database)
    try:
        with broker.connect() as connection:
            return queue_length(name, connection)
    except RedisError as error:
        raise BrokerUnreachableError(
            f"Redis cannot count its jobs ({type(error).__name__}); see: catalog doctor"
        ) from None
