"""Statistics of a worker: tracks, failures and durations, stored in its row."""

from bisect import bisect_left
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import worker

BUCKET_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper bounds of the histogram buckets, in seconds per track. One more bucket has no bound."""


@dataclass
class WorkerStats:
    """Counts of the tracks of one job."""

    analyzed: int = 0
    failed: int = 0
    seconds: float = 0.0
    """Of all tracks together."""
    durations: list[int] = field(default_factory=lambda: [0] * (len(BUCKET_BOUNDS) + 1))
    """The number of tracks in each histogram bucket."""

    def add(self, seconds: float, *, is_failed: bool) -> None:
        """Counts a track that took this number of seconds."""
        if is_failed:
            self.failed += 1
        else:
            self.analyzed += 1
        self.seconds += seconds
        self.durations[bisect_left(BUCKET_BOUNDS, seconds)] += 1

    def store(self, connection: Connection, worker_id: int) -> None:
        """Adds the counts to the worker's row. Only the worker's own work horse writes there, one at a time."""
        if not self.analyzed + self.failed:
            return
        columns = worker.c
        stored = connection.execute(sa.select(columns.durations).where(columns.id == worker_id)).scalar()
        durations = [
            old + new for old, new in zip(stored or [0] * len(self.durations), self.durations, strict=True)
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
