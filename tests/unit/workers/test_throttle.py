"""Spacing of repeated queries."""

from __future__ import annotations

import time
from typing import Any

import pytest

from workers.state import throttle
from workers.state.throttle import Throttle


class Clock:
    """A monotonic clock that is set by hand."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def spend(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock: Any = Clock()
    monkeypatch.setattr(throttle, "time", clock)
    return clock


@pytest.mark.parametrize(("duration", "pause"), [(0.0, 1.0), (0.5, 10.0), (5.0, 15.0)])
def test_the_pause_is_in_proportion_to_the_duration(clock: Clock, duration: float, pause: float) -> None:
    spacing = Throttle(1.0, 15.0)
    assert spacing.is_due()
    spacing.run(lambda: clock.spend(duration))
    clock.spend(pause - 0.01)
    assert not spacing.is_due()
    clock.spend(0.02)
    assert spacing.is_due()


def test_a_query_that_raises_is_due_again() -> None:
    spacing = Throttle(60.0, 60.0)
    with pytest.raises(ZeroDivisionError):
        spacing.run(lambda: 1 // 0)
    assert spacing.is_due()
    spacing.postpone(60.0)
    assert not spacing.is_due()
    assert time.monotonic() > 0
