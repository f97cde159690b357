"""Analyzes all pending tracks on worker processes of this command."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import ColumnElement

from catalog.audio.feature_set import FeatureSet
from catalog.collection.lost_tracks import recover_lost_tracks
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.settings import Settings
from workers.broker.job_queue import DEFAULT_TIME_LIMIT
from workers.host.capacity import default_worker_count
from workers.host.worker_options import WorkerOptions
from workers.pool.analysis_run import AnalysisReport, AnalysisRun, Progress, prepare_analysis
from workers.pool.supervisor import Supervisor, draining
from workers.pool.worker_pool import open_pool
from workers.state.queue_feeder import QueueFeeder
from workers.state.throttle import Throttle

TRACKS_PER_WORKER = 4
"""A process takes seconds to start, which is not worth it for fewer tracks."""
TICK = 0.5
MAX_PROGRESS_PAUSE = 15.0


def analyze_pending(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet],
    *,
    workers: int | None = None,
    where: ColumnElement[bool] | None = None,
    time_limit: int = DEFAULT_TIME_LIMIT,
    options: WorkerOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> AnalysisReport:
    """Analyzes every pending track on worker processes and returns when no track is pending.

    `workers` processes are started (default: one per core, fewer for few tracks). They end with this command, even if
    it is killed. `where` is a condition on `track`, and `time_limit` is in seconds per track.
    Other commands and hosts may work on the same tracks at the same time. On KeyboardInterrupt the workers finish
    their present tracks, and it is raised again. Raises BrokerUnreachableError, DiskFullError and WorkersFailedError.
    """
    run = prepare_analysis(database, feature_sets, where)
    if run.total:
        size = pool_size(workers, run.total)
        with open_pool(database, settings, feature_sets, options) as (broker, queue, pool):
            feeder = QueueFeeder(queue, run.feature_sets, time_limit, size)
            feed = partial(feeder.feed, database, run.scope)
            with draining(pool, time_limit):
                _supervise(Supervisor(database, broker, pool, size, feed), run, database, on_progress)
    report = retry_until_connected(lambda: run.report(database))
    if run.total:
        # The audio is known now: files that moved and were retagged are recognized.
        retry_until_connected(partial(_recover_lost_tracks, database))
    return report


def pool_size(workers: int | None, tracks: int) -> int:
    """The number of processes to start: by default as many as fit the host, fewer for few tracks."""
    return max(1, min(workers or default_worker_count(), -(-tracks // TRACKS_PER_WORKER)))


def _recover_lost_tracks(database: Database) -> None:
    with database.write() as connection:
        recover_lost_tracks(connection)


def _supervise(
    supervisor: Supervisor,
    run: AnalysisRun,
    database: Database,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    throttle = Throttle(TICK, MAX_PROGRESS_PAUSE)
    while True:
        retry_until_connected(supervisor.tick)
        if throttle.is_due():
            # The time that is waited for a lost database does not count as time of the query.
            progress = retry_until_connected(lambda: throttle.run(lambda: run.progress(database)))
            if on_progress is not None:
                on_progress(progress)
            if progress.remaining == 0:
                return
        time.sleep(TICK)
