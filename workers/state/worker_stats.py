"""Statistics of a worker: tracks, failures and durations, stored in its row."""

from bisect import bisect_left

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import worker

BUCKET_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper bounds of the histogram buckets, in seconds per track. One more bucket has no bound."""


def count_track(connection: Connection, worker_id: int, seconds: float, *, is_failed: bool) -> None:
    """Counts a track in the worker's row, in the transaction of its result: a killed worker loses no count.

    Only the worker's own work horse writes there, one at a time.
    """
    columns = worker.c
    stored = connection.execute(sa.select(columns.durations).where(columns.id == worker_id)).scalar()
    durations = list(stored or [0] * (len(BUCKET_BOUNDS) + 1))
    durations[bisect_left(BUCKET_BOUNDS, seconds)] += 1
    connection.execute(
        sa.update(worker)
        .where(columns.id == worker_id)
        .values(
            analyzed=columns.analyzed + int(not is_failed),
            failed=columns.failed + int(is_failed),
            seconds=columns.seconds + seconds,
            durations=durations,
        )
    )


def count_death(connection: Connection, worker_id: int) -> None:
    """Counts a track that failed because workers died on it. Its time is unknown."""
    connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(failed=worker.c.failed + 1))
