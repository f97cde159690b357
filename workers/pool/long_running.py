"""Workers that run until they are stopped, on any host that sees the database, the broker and the files."""

from __future__ import annotations

import logging
import math
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial

import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import track
from catalog.features.stored_feature_set import register_feature_set
from catalog.settings import Settings
from workers.broker.broker import open_broker
from workers.broker.job_queue import TIME_LIMIT, open_queue, queue_name
from workers.host.mounted_roots import unmounted_roots
from workers.host.root_mapping import RootMapping
from workers.host.worker_options import WorkerOptions
from workers.pool.analyze_pending import Supervisor, draining
from workers.pool.worker_pool import WorkerPool
from workers.state.queue_feeder import QueueFeeder

log = logging.getLogger(__name__)

TICK = 1.0
LOOK_ROUND = 30.0
"""Seconds between looks at which collections are within reach."""


def work_until_stopped(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet],
    *,
    workers: int = 1,
    time_limit: int = TIME_LIMIT,
    rules: WorkerOptions | None = None,
    on_start: Callable[[], None] | None = None,
) -> None:
    """Keeps worker processes running, and the queue fed from the database. `rules` are for the workers.

    SIGTERM or Ctrl-C lets them finish their present tracks; a second one gives these back at once. A full disk of the
    database is waited for, however long.
    Raises BrokerUnreachableError and WorkersFailedError.
    """
    rules = rules or WorkerOptions(is_guest=True)
    with database.write() as connection:
        recipes = [register_feature_set(connection, features) for features in feature_sets]
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with open_broker(settings.redis_url, settings.run) as broker, broker.connect() as connection:
            queue = open_queue(queue_name(database), connection)
            names = [features.name for features in feature_sets]
            logs = settings.run / "workers.log"
            crew = WorkerPool(database, broker, queue.name, names, logs, settings.models, rules)
            feeder = QueueFeeder(queue, recipes, time_limit, workers)
            steward = Supervisor(database, broker, crew, feeder, workers, room_patience=math.inf)
            if on_start is not None:
                on_start()
            with draining(crew, time_limit):
                _look_after(database, steward, rules.roots)
    except KeyboardInterrupt:
        pass  # being stopped is how this ends
    finally:
        signal.signal(signal.SIGTERM, previous)


def _look_after(database: Database, steward: Supervisor, roots: RootMapping) -> None:
    next_look = 0.0
    scope: sa.ColumnElement[bool] | None = None
    away: list[int] = []
    while True:
        if time.monotonic() >= next_look:
            away, before = retry_until_connected(lambda: _unreachable(database, roots)), away
            _tell_of(away, before)
            scope = track.c.collection_id.not_in(away)
            next_look = time.monotonic() + LOOK_ROUND
        retry_until_connected(partial(steward.look_after, scope))
        time.sleep(TICK)


def _tell_of(away: list[int], before: list[int]) -> None:
    """Says, once each time, that collections are away or back: else a worker without its disk rests without a word."""
    if set(away) - set(before):
        log.warning(
            "collections in folders that are absent or empty on this host: %d; their tracks are left to others. "
            "Mount the disk, or say with --root where it is",
            len(away),
        )
    elif len(away) < len(before):
        log.warning("folders that were absent are back; still away: %d", len(away))


def _unreachable(database: Database, roots: RootMapping) -> list[int]:
    with database.read() as connection:
        return unmounted_roots(connection, roots)
