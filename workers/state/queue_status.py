"""What is pending, who works on what, and what a person should do about it: all but the jobs, asked of the database."""

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
from workers.broker.job_queue import TIME_LIMIT, open_queue, queue_length, queue_name
from workers.host.mounted_roots import unmounted_roots
from workers.state import liveness
from workers.state.queue_feeder import QueueFeeder

if TYPE_CHECKING:
    from catalog.settings import Settings
    from workers.broker.broker import Broker

RATE_OVER = timedelta(minutes=5)
STALLED = timedelta(minutes=10)
"""At the same track for longer than any sensible --time-limit, a worker hangs where no signal reaches it."""


@dataclass(frozen=True)
class WorkerStatus:
    """A worker that has not stopped."""

    name: str
    host: str
    pid: int
    version: str
    seconds_silent: float
    """Since its last heartbeat; below ten in good health."""
    track_id: int | None
    path: str | None
    """What it is at work on."""
    seconds_at_it: float | None
    analyzed: int
    """Tracks since it began."""
    failed: int
    seconds_a_track: float | None
    """On average; None before the first."""


@dataclass(frozen=True)
class QueueStatus:
    """How the work stands, as the database knows it."""

    pending: int
    """Tracks that lack a vector, those that are claimed among them."""
    claimed: int
    failed: int
    analyzed_last_minute: int
    tracks_a_minute: float
    """Analyzed, on average over the last five minutes."""
    out_of_reach: int
    """Pending tracks whose folders are not there, seen from this host."""
    workers: list[WorkerStatus]

    @property
    def minutes_left(self) -> float | None:
        """At the present rate; None where nothing is done."""
        return self.pending / self.tracks_a_minute if self.tracks_a_minute else None

    @property
    def advice(self) -> str | None:
        """What a person should do first; None where nothing needs doing."""
        return next(self._all_advice(), None)

    def _all_advice(self) -> Iterator[str]:
        if self.pending and not self.workers:
            yield "nobody is at work; run: catalog analyze"
        silent = sum(one.seconds_silent > liveness.LOST.total_seconds() for one in self.workers)
        if silent:
            yield f"{_workers(silent)} silent; their tracks are given back by: catalog queue sync"
        stalled = sum((one.seconds_at_it or 0) > STALLED.total_seconds() for one in self.workers)
        if stalled:
            minutes = round(STALLED.total_seconds() / 60)
            yield f"{_workers(stalled)} at the same track for more than {minutes} minutes; see their hosts"
        if self.out_of_reach and self.out_of_reach == self.pending:
            yield f"{self.out_of_reach:,} tracks wait for a disk that is not mounted here"
        others = {one.version for one in self.workers} - {version("music-catalog")}
        if others:
            yield f"workers run version {', '.join(sorted(others))}; restart them with that of this host"
        if self.failed:
            yield "see what failed: catalog failures list"


def queue_status(database: Database, feature_sets: Sequence[FeatureSet]) -> QueueStatus:
    """How the work on these feature sets stands, whether a broker answers or not."""
    with database.read() as connection:
        time = server_time(connection)
        at_work = claim.c.claimed_at.is_not(None)
        rows = connection.execute(
            sa.select(worker, claim.c.track_id, claim.c.claimed_at, track.c.path)
            .outerjoin(claim, sa.and_(claim.c.worker_id == worker.c.id, at_work))
            .outerjoin(track, track.c.id == claim.c.track_id)
            .where(worker.c.stopped_at.is_(None))
            .order_by(worker.c.host, worker.c.id)
        )
        found = [
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
                seconds_a_track=row.seconds / (row.analyzed + row.failed)
                if row.analyzed + row.failed
                else None,
            )
            for row in rows
        ]
        claimed = sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
        return QueueStatus(
            pending=count_pending(connection, feature_sets),
            claimed=connection.execute(claimed).scalar_one(),
            failed=connection.execute(sa.select(sa.func.count(failure.c.track_id.distinct()))).scalar_one(),
            analyzed_last_minute=_count_analyzed(connection, time - timedelta(minutes=1)),
            tracks_a_minute=_count_analyzed(connection, time - RATE_OVER)
            / (RATE_OVER / timedelta(minutes=1)),
            out_of_reach=_count_out_of_reach(connection, feature_sets),
            workers=found,
        )


def synchronize(
    database: Database,
    broker: Broker | None,
    feature_sets: Sequence[FeatureSet],
    time_limit: int = TIME_LIMIT,
) -> tuple[int, int]:
    """Gives back what dead workers had claimed and, where a broker is running, feeds the queue once.

    Gives the number of workers found dead and of tracks put into the queue. Workers that run do both by themselves.
    """
    with database.write() as connection:
        dead = liveness.sweep(connection)
        recipes = [register_feature_set(connection, features) for features in feature_sets]
    if broker is None:
        return dead, 0
    with database.read() as connection, broker.connect() as broker_connection:
        queue = open_queue(queue_name(database), broker_connection)
        reachable = track.c.collection_id.not_in(unmounted_roots(connection))
        return dead, QueueFeeder(queue, recipes, time_limit, workers=1).top_up(connection, reachable)


def count_pending(
    connection: Connection, feature_sets: Sequence[FeatureSet], where: ColumnElement[bool] | None = None
) -> int:
    """How many tracks lack one of the feature sets. `where` is a condition on `track`."""
    recipes = [find_feature_set(connection, features.hash) for features in feature_sets]
    known = [recipe.id for recipe in recipes if recipe is not None]
    if known and len(known) == len(feature_sets):
        return count_tracks_without_vector(connection, known, where)
    # For a recipe without a row nothing was computed yet.
    present = sa.and_(track.c.state == "present", where if where is not None else sa.true())
    return connection.execute(sa.select(sa.func.count()).select_from(track).where(present)).scalar_one()


def _workers(count: int) -> str:
    return "1 worker is" if count == 1 else f"{count:,} workers are"


def _count_analyzed(connection: Connection, since: datetime) -> int:
    return connection.execute(
        sa.select(sa.func.count(feature_vector.c.track_id.distinct())).where(
            feature_vector.c.computed_at >= since
        )
    ).scalar_one()


def _count_out_of_reach(connection: Connection, feature_sets: Sequence[FeatureSet]) -> int:
    unreachable = unmounted_roots(connection)
    if not unreachable:
        return 0
    return count_pending(connection, feature_sets, track.c.collection_id.in_(unreachable))


def count_jobs(database: Database, settings: Settings) -> int | None:
    """How many jobs are in the queue; None where no broker of our own is running.

    Raises BrokerUnreachableError where the one of the settings does not answer.
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
            f"the broker does not say how many jobs it holds ({type(error).__name__}); see: catalog doctor"
        ) from None
