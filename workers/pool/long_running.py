"""Workers that run until they are stopped, on any host with access to the database, the broker and the files."""

import logging
import math
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, retry_until_connected
from catalog.db.tables import track
from catalog.features.stored_feature_set import register_feature_set
from catalog.settings import Settings
from workers.broker.job_queue import DEFAULT_TIME_LIMIT
from workers.host.root_mapping import unmounted_roots
from workers.host.worker_options import WorkerOptions
from workers.pool.supervisor import Supervisor, draining
from workers.pool.worker_pool import open_pool
from workers.state.queue_feeder import QueueFeeder

log = logging.getLogger(__name__)

TICK = 1.0
MOUNT_CHECK_INTERVAL = 30.0
"""Seconds between two checks of which collections are mounted."""


def work_until_stopped(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet],
    *,
    workers: int = 1,
    time_limit: int = DEFAULT_TIME_LIMIT,
    options: WorkerOptions | None = None,
    on_start: Callable[[str], None] = lambda _queue: None,
    on_stop: Callable[[int], None] = lambda _tracks: None,
) -> None:
    """Keeps `workers` processes running and feeds the queue from the database.

    `on_start` gets the name of the queue, `on_stop` the number of tracks that were processed.

    SIGTERM or Ctrl-C lets them finish their present tracks; a second one releases these immediately. If the disk of the
    database is full, the command waits without a limit. Raises BrokerUnreachableError and WorkersFailedError.
    """
    options = options or WorkerOptions(is_remote_host=True)
    with database.write() as connection:
        stored = [register_feature_set(connection, features) for features in feature_sets]
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with open_pool(database, settings, feature_sets, options) as (broker, queue, pool):
            feeder = QueueFeeder(queue, stored, time_limit, workers)
            unmounted: list[int] = []

            def feed() -> None:
                feeder.feed(database, track.c.collection_id.not_in(unmounted))

            supervisor = Supervisor(database, broker, pool, workers, feed, disk_timeout=math.inf)
            next_check = 0.0
            with ExitStack() as stack:
                stack.callback(lambda: on_stop(pool.processed))
                on_start(queue.name)
                stack.enter_context(draining(pool, time_limit))
                while True:
                    if time.monotonic() >= next_check:
                        before = list(unmounted)
                        unmounted[:] = read_with_retry(
                            database, lambda one: unmounted_roots(one, options.roots)
                        )
                        _log_mounts(before, unmounted)
                        next_check = time.monotonic() + MOUNT_CHECK_INTERVAL
                    retry_until_connected(supervisor.tick)
                    time.sleep(TICK)
    except KeyboardInterrupt:
        pass  # the normal end
    finally:
        signal.signal(signal.SIGTERM, previous)


def _log_mounts(before: Sequence[int], unmounted: Sequence[int]) -> None:
    """Logs a change of the unmounted collections once, so that a worker without its disk is not idle silently."""
    if set(unmounted) - set(before):
        log.warning(
            "collections in folders that are absent or empty on this host: %d; their tracks are left to others. "
            "Mount the disk, or set its path with --root",
            len(unmounted),
        )
    elif len(unmounted) < len(before):
        log.warning("folders that were absent are back; still absent: %d", len(unmounted))
