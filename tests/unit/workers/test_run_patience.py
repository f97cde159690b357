"""A run during which the database or the broker goes away, or stands still."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any

import pytest
import redis

from catalog.db import retry
from catalog.db.database import DatabaseUnavailableError
from workers.broker.broker import BrokerUnreachableError
from workers.pool import analyze_pending
from workers.state.analysis_progress import Progress


class Assignment:
    """Away at the first question, nearly done at the second, done at the third."""

    scope = None

    def __init__(self) -> None:
        self.asked = 0

    def progress(self, _database: Any) -> Progress:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseUnavailableError("nobody answers")
        return Progress(2, 3 - self.asked, 0, 1.0, None)


class Supervisor:
    def look_after(self, _scope: Any) -> None:
        pass


def test_time_waited_is_not_taken_for_time_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 1.0)
    assignment: Any = Assignment()
    steward: Any = Supervisor()
    database: Any = None
    begin = time.monotonic()
    analyze_pending._work(database, assignment, steward, None)
    # A twentieth of the time may be spent on asking: the pause after a second's waiting would be ten seconds or more.
    assert time.monotonic() - begin < 5
    assert assignment.asked == 3


class Clock:
    """A monotonic clock that is set by hand."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


class Feeder:
    """Asks a broker that stands still for a while and then answers, or does not."""

    def __init__(self, clock: Clock, error: Exception | None) -> None:
        self.clock = clock
        self.error = error
        self.asked_at: list[float] = []

    def top_up(self, _connection: Any, _where: Any) -> int:
        self.asked_at.append(self.clock.seconds)
        if len(self.asked_at) == 1:
            self.clock.seconds += 5
            if self.error is not None:
                raise self.error
        return 0


class Broker:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def revive(self) -> None:
        self.clock.seconds += 5
        raise BrokerUnreachableError("no Redis answers")


class Database:
    def read(self) -> Any:
        return nullcontext()


@pytest.mark.parametrize("error", [None, redis.TimeoutError("Timeout reading from socket")])
def test_the_queue_is_fed_soon_after_the_broker_stood_still(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    clock: Any = Clock()
    monkeypatch.setattr(analyze_pending, "time", clock)
    feeder: Any = Feeder(clock, error)
    database: Any = Database()
    broker: Any = Broker(clock)
    crew: Any = None
    steward = analyze_pending.Supervisor(database, broker, crew, feeder, 1)
    steward._feed(None)
    back = clock.seconds
    while len(feeder.asked_at) < 2 and clock.seconds < back + 600:
        clock.seconds += 1
        steward._feed(None)
    assert feeder.asked_at[1] - back <= analyze_pending.LONGEST_PAUSE + 1
