"""The supervisor of a worker pool: keeps its size, feeds the queue, and waits for a full disk or a lost broker."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from sqlalchemy.exc import DBAPIError

from catalog.db.database import Database
from catalog.db.retry import is_disk_full
from workers.broker.broker import Broker, BrokerUnreachableError
from workers.pool.worker_pool import DiskFullError, WorkerPool
from workers.state.liveness import Sweeper
from workers.state.throttle import Throttle

log = logging.getLogger(__name__)

SWEEP_INTERVAL = 2.0
MAX_FEED_PAUSE = 15.0
"""Seconds between two feeds at most."""
BROKER_TIMEOUT = 120.0
"""Seconds to wait for a lost broker."""
DISK_TIMEOUT = 120.0
"""Seconds to wait for space on the disk of the database."""
FIRST_PAUSE, MAX_PAUSE = 2.0, 30.0
"""Seconds between two attempts on a full disk. Each pause is twice as long as the one before."""
NEW_INCIDENT_AFTER = 60.0
"""A disk that is full again after so many seconds of work is a new incident with its own timeout."""


class DiskFullBackoff:
    """Pauses while the disk of the database is full."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._full_since = 0.0
        self._pause = FIRST_PAUSE
        self._until = 0.0

    def is_pausing(self) -> bool:
        """Whether the pause is not over."""
        return time.monotonic() < self._until

    def start_pause(self) -> None:
        """Starts a pause and logs it. Raises DiskFullError if the disk has been full for longer than the timeout."""
        present = time.monotonic()
        if not self._until or present - self._until > NEW_INCIDENT_AFTER:
            self._full_since, self._pause = present, FIRST_PAUSE
        elif present - self._full_since > self._timeout:
            raise DiskFullError
        log.warning("the disk of the database is full; trying again in %.0f s", self._pause)
        self._until = present + self._pause
        self._pause = min(2 * self._pause, MAX_PAUSE)


class Supervisor:
    """Keeps a pool at `size` workers, releases the claims of dead workers, and feeds the queue.

    `feed` writes to the queue. `max_feed_pause` is 0 if it must run at every tick.
    """

    def __init__(
        self,
        database: Database,
        broker: Broker,
        pool: WorkerPool,
        size: int,
        feed: Callable[[], None],
        *,
        max_feed_pause: float = MAX_FEED_PAUSE,
        disk_timeout: float = DISK_TIMEOUT,
    ) -> None:
        self._broker = broker
        self._pool = pool
        self._size = size
        self._feed_queue = feed
        self._sweeper = Sweeper(database)
        self._next_sweep = 0.0
        self._feed_throttle = Throttle(0.0, max_feed_pause)
        self._lost_since: float | None = None
        self._disk = DiskFullBackoff(disk_timeout)

    def tick(self) -> None:
        """One round, to be called a few times per second.

        Raises BrokerUnreachableError and DiskFullError after a timeout, and WorkersFailedError as `WorkerPool.reap`.
        """
        if self._disk.is_pausing():
            return
        try:
            self._pool.reap()
            if time.monotonic() >= self._next_sweep:
                self._next_sweep = time.monotonic() + SWEEP_INTERVAL
                self._sweeper.sweep()
        except DiskFullError:
            self._disk.start_pause()
        except DBAPIError as error:
            if not is_disk_full(error):
                raise
            self._disk.start_pause()
        else:
            self._pool.spawn(self._size)
            self._feed()

    def _feed(self) -> None:
        if not self._feed_throttle.is_due():
            return
        begin = time.monotonic()
        try:
            self._feed_throttle.run(self._feed_queue)
            self._lost_since = None
        except redis.RedisError as error:
            # A full or lost broker loses no work: the database knows what is pending.
            if self._lost_since is None:
                log.warning("Redis takes no jobs: %s", type(error).__name__)
                self._lost_since = begin
            self._revive(begin - self._lost_since, error)
            self._feed_throttle.postpone(SWEEP_INTERVAL)

    def _revive(self, seconds_lost: float, error: redis.RedisError) -> None:
        try:
            self._broker.revive()
        except BrokerUnreachableError:
            if seconds_lost > BROKER_TIMEOUT:
                raise
        else:
            if seconds_lost > BROKER_TIMEOUT:
                # It answers, but it is full or read-only.
                reason = str(error).rpartition("caused error: ")[2].rstrip(".")
                raise BrokerUnreachableError(
                    f"the Redis takes no jobs ({reason}); give it more memory, or leave --redis-url out"
                ) from None


@contextmanager
def draining(pool: WorkerPool, timeout: float) -> Iterator[None]:
    """Drains the pool at the end, for any reason. A second Ctrl-C kills the workers instead."""
    try:
        yield
    finally:
        try:
            pool.drain(timeout)
        except KeyboardInterrupt:
            pool.kill()
            raise
