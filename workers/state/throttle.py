"""Spacing of repeated queries, so that they take a small share of the time."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

SHARE = 0.05
"""Share of the time that a query may take: a count that takes a second is repeated after twenty."""


class Throttle:
    """Repeats a query after a pause in proportion to its duration.

    The pause is at most `longest` seconds: a server that froze during a query makes it look expensive.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether the pause is over."""
        return time.monotonic() >= self._next

    def run(self, query: Callable[[], Result]) -> Result:
        """Runs the query and starts a pause. A query that raises starts no pause."""
        begin = time.monotonic()
        result = query()
        end = time.monotonic()
        self._next = end + min(max(self._shortest, (end - begin) / SHARE), self._longest)
        return result

    def postpone(self, seconds: float) -> None:
        """Starts a pause of this length."""
        self._next = time.monotonic() + seconds
