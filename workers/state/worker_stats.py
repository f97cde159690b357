"""What a worker has done: tracks, failures and how long they took, kept in its row."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import worker

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds a track, the upper bounds of the classes that are counted; one more class has no bound."""


@dataclass
class WorkerStats:
    """Tracks that were heard."""

    analyzed: int = 0
    failed: int = 0
    seconds: float = 0.0
    """Spent on all of them."""
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many of them took how long, by the classes of BOUNDS."""

    def add(self, seconds: float, *, is_failed: bool) -> None:
        """Counts a track that took so many seconds."""
        if is_failed:
            self.failed += 1
        else:
            self.analyzed += 1
        self.seconds += seconds
        self.durations[bisect_left(BOUNDS, seconds)] += 1

    def store(self, connection: Connection, worker_id: int) -> None:
        """Adds this to what stands in the worker's row. Only the worker's own horse writes there, one at a time."""
        if not self.analyzed + self.failed:
            return
        columns = worker.c
        before = connection.execute(sa.select(columns.durations).where(columns.id == worker_id)).scalar()
        durations = [
            old + new for old, new in zip(before or [0] * len(self.durations), self.durations, strict=True)
        ]
        connection.execute(
            sa.update(worker)
            .where(columns.id == worker_id)
            .values(
                analyzed=columns.analyzed + self.analyzed,
                failed=columns.failed + self.failed,
                seconds=columns.seconds + self.seconds,
                durations=durations,
            )
        )
