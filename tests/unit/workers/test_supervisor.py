"""The supervisor: pauses on a full disk, and feeding the queue of a broker that freezes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import redis

from workers.broker.broker import BrokerUnreachableError
from workers.pool import supervisor
from workers.pool.supervisor import DiskFullBackoff, Supervisor, draining
from workers.pool.worker_pool import DiskFullError
from workers.state import throttle


class Clock:
    """A monotonic clock that is set by hand."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock: Any = Clock()
    monkeypatch.setattr(supervisor, "time", clock)
    monkeypatch.setattr(throttle, "time", clock)
    return clock


def pause(backoff: DiskFullBackoff, clock: Clock) -> float:
    """Pauses once and returns the seconds of the pause."""
    backoff.start_pause()
    begin = clock.seconds
    while backoff.is_pausing():
        clock.seconds += 1
    return clock.seconds - begin


def test_pauses_grow_until_the_timeout(clock: Clock) -> None:
    backoff = DiskFullBackoff(60)
    assert not backoff.is_pausing()
    assert [pause(backoff, clock) for _ in range(5)] == [2, 4, 8, 16, 30]
    clock.seconds += 1
    with pytest.raises(DiskFullError, match="free some space"):
        backoff.start_pause()


def test_a_disk_that_is_full_after_a_while_of_work_is_a_new_incident(clock: Clock) -> None:
    backoff = DiskFullBackoff(60)
    for _ in range(5):
        pause(backoff, clock)
    clock.seconds += supervisor.NEW_INCIDENT_AFTER + 1
    assert pause(backoff, clock) == 2


def test_without_a_timeout_the_backoff_never_ends(clock: Clock) -> None:
    backoff = DiskFullBackoff(math.inf)
    assert [pause(backoff, clock) for _ in range(100)][-1] == supervisor.MAX_PAUSE


class Broker:
    """A broker that does not come back."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def revive(self) -> None:
        self.clock.seconds += 5
        raise BrokerUnreachableError("no Redis answers")


class Pool:
    """A pool that counts the calls of each method."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def reap(self) -> int:
        self.calls.append("reap")
        return 0

    def spawn(self, _size: int) -> None:
        self.calls.append("spawn")

    def drain(self, _timeout: float) -> None:
        self.calls.append("drain")
        raise KeyboardInterrupt

    def kill(self) -> None:
        self.calls.append("kill")


class FrozenFeed:
    """Freezes for five seconds at the first call, and then fails or succeeds."""

    def __init__(self, clock: Clock, error: Exception | None) -> None:
        self.clock = clock
        self.error = error
        self.called_at: list[float] = []

    def __call__(self) -> None:
        self.called_at.append(self.clock.seconds)
        if len(self.called_at) == 1:
            self.clock.seconds += 5
            if self.error is not None:
                raise self.error


def supervise(clock: Clock, pool: Any, feed: Any, **options: float) -> Supervisor:
    database: Any = None
    broker: Any = Broker(clock)
    made = Supervisor(database, broker, pool, 1, feed, **options)
    made._next_sweep = math.inf
    return made


@pytest.mark.parametrize("error", [None, redis.TimeoutError("Timeout reading from socket")])
def test_the_queue_is_fed_soon_after_the_broker_froze(clock: Clock, error: Exception | None) -> None:
    feed = FrozenFeed(clock, error)
    supervising = supervise(clock, Pool(), feed)
    supervising.tick()
    back = clock.seconds
    while len(feed.called_at) < 2 and clock.seconds < back + 600:
        clock.seconds += 1
        supervising.tick()
    assert feed.called_at[1] - back <= supervisor.MAX_FEED_PAUSE + 1


def test_a_feed_without_a_pause_runs_at_every_tick(clock: Clock) -> None:
    feed = FrozenFeed(clock, None)
    supervising = supervise(clock, Pool(), feed, max_feed_pause=0.0)
    for _ in range(3):
        supervising.tick()
    assert len(feed.called_at) == 3


def test_a_broker_that_stays_lost_is_an_error(clock: Clock) -> None:
    def fail() -> None:
        raise redis.ConnectionError("refused")

    supervising = supervise(clock, Pool(), fail)
    with pytest.raises(BrokerUnreachableError):  # noqa: PT012 -- the number of ticks does not matter
        for _ in range(200):
            clock.seconds += 2
            supervising.tick()
    assert clock.seconds > 100 + supervisor.BROKER_TIMEOUT


def test_a_full_disk_stops_the_feed_until_the_pause_is_over(clock: Clock) -> None:
    class FullPool(Pool):
        def reap(self) -> int:
            super().reap()
            if len(self.calls) == 1:
                raise DiskFullError
            return 0

    pool = FullPool()
    supervising = supervise(clock, pool, lambda: pool.calls.append("feed"))
    supervising.tick()
    supervising.tick()
    assert pool.calls == ["reap"]
    clock.seconds += supervisor.FIRST_PAUSE
    supervising.tick()
    assert pool.calls == ["reap", "reap", "spawn", "feed"]


def test_a_second_interruption_kills_the_workers() -> None:
    pool: Any = Pool()
    with pytest.raises(KeyboardInterrupt), draining(pool, 1.0):
        pass
    assert pool.calls == ["drain", "kill"]
