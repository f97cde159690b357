"""Feeding the queue: bounded, complete, repeated after a loss of the broker."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from rq import Queue

from catalog.db.database import Database
from catalog.db.tables import feature_vector
from tests.integration.workers.rows import add_tracks_without_files
from workers.broker.job_queue import queued_track_ids
from workers.state.queue_feeder import MAX_BATCH_SIZE, MAX_JOBS, QueueFeeder


def take(queue: Queue, jobs: int) -> list[int]:
    """What a worker does with jobs that it takes out."""
    taken: list[int] = []
    for _ in range(min(jobs, queue.count)):
        job = queue.fetch_job(queue.pop_job_id() or "")
        assert job is not None
        taken += job.args[0]
    return taken


def test_jobs_in_the_broker_are_bounded_and_every_track_comes_up(database: Database, queue: Queue) -> None:
    recipe, ids = add_tracks_without_files(database, 3 * MAX_JOBS * MAX_BATCH_SIZE + 5)
    feeder = QueueFeeder(queue, [recipe], 120, workers=2)
    came: list[int] = []
    with database.write() as connection:
        while len(came) < len(ids):
            feeder.top_up(connection)
            assert 0 < queue.count <= MAX_JOBS
            assert feeder.top_up(connection) == 0 or queue.count <= MAX_JOBS
            taken = take(queue, MAX_JOBS // 2 + 1)
            came += taken
            connection.execute(
                sa.insert(feature_vector),
                [
                    {"feature_set_id": recipe.id, "track_id": one, "vector": np.zeros(1, np.float32)}
                    for one in taken
                ],
            )
        assert sorted(came) == ids
        feeder.top_up(connection)
        assert feeder.top_up(connection) == 0


def test_what_the_broker_forgets_is_fed_again(
    database: Database, queue: Queue, broker_connection: Redis
) -> None:
    recipe, ids = add_tracks_without_files(database, 20)
    feeder = QueueFeeder(queue, [recipe], 120, workers=2)
    with database.read() as connection:
        assert feeder.top_up(connection) == 20
        assert feeder.top_up(connection) == 0
        assert queued_track_ids(queue) == set(ids)
        broker_connection.flushall()
        assert feeder.top_up(connection) == 20


@given(count=st.integers(1, 700), workers=st.integers(1, 9), most=st.integers(1, 64), is_all=st.booleans())
def test_batches_keep_the_order_and_the_bounds(count: int, workers: int, most: int, is_all: bool) -> None:
    feeder = QueueFeeder.__new__(QueueFeeder)
    feeder._workers = workers
    batches = feeder._batches(range(count), most, is_all=is_all)
    flat = [track_id for batch in batches for track_id in batch]
    assert flat == list(range(len(flat)))
    assert len(batches) <= most
    assert len(flat) == count or len(batches) == most
    assert all(1 <= len(batch) <= MAX_BATCH_SIZE for batch in batches)
    if is_all and len(flat) == count:
        assert len(batches[-1]) <= max(1, count // (2 * workers))
