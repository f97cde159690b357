"""A run during which the database goes away."""

from __future__ import annotations

import time
from typing import Any

import pytest

from catalog.db import patience
from catalog.db.database import DatabaseAway
from workers import run
from workers.progress import Progress


class Assignment:
    """Away at the first question, nearly done at the second, done at the third."""

    scope = None

    def __init__(self) -> None:
        self.asked = 0

    def progress(self, _database: Any) -> Progress:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseAway("nobody answers")
        return Progress(2, 3 - self.asked, 0, 1.0, None)


class Steward:
    def look_after(self, _scope: Any) -> None:
        pass


def test_time_waited_is_not_taken_for_time_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 1.0)
    assignment: Any = Assignment()
    steward: Any = Steward()
    database: Any = None
    begin = time.monotonic()
    run._work(database, assignment, steward, None)
    # A twentieth of the time may be spent on asking: the pause after a second's waiting would be ten seconds or more.
    assert time.monotonic() - begin < 5
    assert assignment.asked == 3
