"""The statistics of a worker in its row."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import worker
from tests.integration.workers.rows import register_worker
from workers.state.worker_stats import BUCKET_BOUNDS, count_death, count_track


def test_every_track_is_added(database: Database) -> None:
    with database.write() as connection:
        worker_id = register_worker(connection, "ann")
        for seconds, is_failed in ((0.05, False), (0.1, True), (500.0, False)):
            count_track(connection, worker_id, seconds, is_failed=is_failed)
        count_death(connection, worker_id)
        row = connection.execute(sa.select(worker)).one()
    assert (row.analyzed, row.failed) == (2, 2)
    assert row.seconds == 500.15
    assert row.durations == [2, *[0] * (len(BUCKET_BOUNDS) - 1), 1]
