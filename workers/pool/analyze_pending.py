"""Analyzing all that is pending, on workers that this command starts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import redis
from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.retry import is_disk_full, retry_until_connected
from catalog.settings import Settings
from workers.broker.broker import Broker, BrokerUnreachableError, open_broker
from workers.broker.job_queue import TIME_LIMIT, open_queue, queue_name
from workers.host.capacity import fitting_workers
from workers.host.worker_options import WorkerOptions
from workers.pool.analysis_run import AnalysisRun, plan_analysis
from workers.pool.disk_full_backoff import DiskFullBackoff
from workers.pool.worker_pool import DiskFullError, WorkerPool
from workers.state import liveness
from workers.state.analysis_progress import AnalysisReport, Progress
from workers.state.queue_feeder import QueueFeeder

__all__ = ["AnalysisReport", "Supervisor", "analyze_pending", "draining"]

log = logging.getLogger(__name__)

TRACKS_A_WORKER = 4
"""A process takes seconds to start: with fewer tracks for it, it is not worth it."""
TICK = 0.5
SWEEP = 2.0
ROOM_PATIENCE = 120.0
"""Seconds for which room on the disk of the database is waited for."""
SHARE_OF_COUNTING = 0.05
LONGEST_PAUSE = 15.0
"""Seconds between two questions at most. A server that stood still in the middle of one makes it seem a costly one."""
BROKER_PATIENCE = 120.0
"""Seconds for which a broker that has gone is waited for."""


def analyze_pending(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet],
    *,
    workers: int | None = None,
    where: ColumnElement[bool] | None = None,
    time_limit: int = TIME_LIMIT,
    rules: WorkerOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> AnalysisReport:
    """Has workers analyze every pending track, and ends when nothing is pending.

    `workers` processes are started (by default one a core, fewer for few tracks) and end with this command, also where
    it is killed. `where` is a condition on `track` that narrows what is done; `time_limit` is in seconds a track;
    `rules` are for the workers.
    Other commands and other hosts may do the same at the same time. KeyboardInterrupt lets the workers finish their
    present tracks and is raised again. Raises BrokerUnreachableError and WorkersFailedError.
    """
    assignment = plan_analysis(database, feature_sets, where)
    if assignment.total:
        size = pool_size(workers, assignment.total)
        with open_broker(settings.redis_url, settings.run) as broker, broker.connect() as connection:
            queue = open_queue(queue_name(database), connection)
            names = [features.name for features in feature_sets]
            crew = WorkerPool(database, broker, queue.name, names, settings.run / "workers.log", rules=rules)
            feeder = QueueFeeder(queue, assignment.recipes, time_limit, size)
            steward = Supervisor(database, broker, crew, feeder, size)
            with draining(crew, time_limit):
                _work(database, assignment, steward, on_progress)
    return retry_until_connected(lambda: assignment.report(database))


def pool_size(workers: int | None, tracks: int) -> int:
    """How many processes are worth starting: by default as many as fit, but none for a handful of tracks."""
    return max(1, min(workers or fitting_workers(), -(-tracks // TRACKS_A_WORKER)))


def _work(
    database: Database,
    assignment: AnalysisRun,
    steward: Supervisor,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    next_count = 0.0
    while True:
        retry_until_connected(lambda: steward.look_after(assignment.scope))
        if time.monotonic() >= next_count:
            progress, seconds = retry_until_connected(partial(_timed_progress, assignment, database))
            next_count = time.monotonic() + max(TICK, _pause_after(seconds))
            if on_progress is not None:
                on_progress(progress)
            if progress.remaining == 0:
                return
        time.sleep(TICK)


def _timed_progress(assignment: AnalysisRun, database: Database) -> tuple[Progress, float]:
    """How far the run is, and the seconds that the question took; waiting for a database that is away is none of them."""
    before = time.monotonic()
    progress = assignment.progress(database)
    return progress, time.monotonic() - before


def _pause_after(seconds: float) -> float:
    """Seconds until a question that took so many may be asked again, so that asking takes a small share of the time."""
    return min(seconds / SHARE_OF_COUNTING, LONGEST_PAUSE)


@contextmanager
def draining(crew: WorkerPool, patience: float) -> Iterator[None]:
    """Lets the crew finish its present tracks at the end, whatever the reason; a second Ctrl-C does not wait."""
    try:
        yield
    finally:
        try:
            crew.drain(patience)
        except KeyboardInterrupt:
            crew.kill()
            raise


class Supervisor:
    """Keeps a crew at its size, the queue fed and the dead buried; to be called a few times a second."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        crew: WorkerPool,
        feeder: QueueFeeder,
        size: int,
        *,
        room_patience: float = ROOM_PATIENCE,
    ) -> None:
        self._database = database
        self._broker = broker
        self._crew = crew
        self._feeder = feeder
        self._size = size
        self._sweeper = liveness.Sweeper(database)
        self._next_sweep = 0.0
        self._next_feed = 0.0
        self._away_since: float | None = None
        self._room = DiskFullBackoff(room_patience)

    def look_after(self, where: ColumnElement[bool] | None) -> None:
        """One round. Raises BrokerUnreachableError when the broker stays away, DiskFullError when the disk of the database stays
        full, WorkersFailedError as `WorkerPool.bury`.
        """
        if self._room.is_awaited():
            return
        try:
            self._crew.bury()
            self._sweep()
        except DiskFullError:
            self._room.wait()
        except DBAPIError as error:
            if not is_disk_full(error):
                raise
            self._room.wait()
        else:
            self._crew.hire(self._size)
            self._feed(where)

    def _sweep(self) -> None:
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + SWEEP
        self._sweeper.sweep()

    def _feed(self, where: ColumnElement[bool] | None) -> None:
        before = time.monotonic()
        if before < self._next_feed:
            return
        try:
            with self._database.read() as connection:
                self._feeder.top_up(connection, where)
            self._away_since = None
        except redis.RedisError as error:
            # A broker that is full or away loses nothing: what is pending the database says.
            if self._away_since is None:
                log.warning("the broker takes no jobs: %s", type(error).__name__)
                self._away_since = before
            self._revive(before - self._away_since, error)
            self._next_feed = time.monotonic() + SWEEP
        else:
            after = time.monotonic()
            self._next_feed = after + _pause_after(after - before)

    def _revive(self, seconds_away: float, error: redis.RedisError) -> None:
        try:
            self._broker.revive()
        except BrokerUnreachableError:
            if seconds_away > BROKER_PATIENCE:
                raise
        else:
            if seconds_away > BROKER_PATIENCE:
                # It answers, but it is full, or may only be read.
                reason = str(error).rpartition("caused error: ")[2].rstrip(".")
                raise BrokerUnreachableError(
                    f"the Redis takes no jobs ({reason}); give it more memory, or leave --redis-url out"
                ) from None
