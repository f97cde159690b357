"""The queue in a real Valkey: fed from the database, bounded, of one catalog, and of one kind of job."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from rq import Callback, Queue

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database, open_database
from catalog.db.tables import claim, collection, feature_vector, track, worker
from catalog.features.stored_feature_set import StoredFeatureSet, register_feature_set
from catalog.learning.registry.task_context import set_context
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import open_broker
from workers.broker.job_queue import open_queue, queue_name, queued_track_ids
from workers.process.rq_worker import AnalysisWorker
from workers.process.worker_context import WorkerContext
from workers.state import claims, liveness
from workers.state.queue_feeder import MAX_BATCH_SIZE, MAX_JOBS, QueueFeeder
from workers.state.queue_status import count_jobs, queue_status, synchronize


@pytest.fixture
def broker_connection(settings: Settings) -> Iterator[Redis]:
    with open_broker(None, settings.run) as broker, broker.connect() as connection:
        yield connection


@pytest.fixture
def queue(database: Database, broker_connection: Redis) -> Queue:
    return open_queue(queue_name(database), broker_connection)


def add_names(database: Database, count: int) -> tuple[StoredFeatureSet, list[int]]:
    """Tracks without files, for what never looks at them."""
    features = FeatureSet("none", 1, {}, ("a",), 8_000, lambda _: np.zeros(1, np.float32))
    with database.write() as connection:
        home = connection.execute(
            sa.insert(collection)
            .values(name="names", kind="folder", root="/", root_bytes=b"/")
            .returning(collection.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(track),
            [
                {"collection_id": home, "path": str(n), "path_bytes": b"%d" % n, "file_signature": "f"}
                for n in range(count)
            ],
        )
        ids = connection.execute(sa.select(track.c.id).order_by(track.c.id)).scalars().all()
        return register_feature_set(connection, features), list(ids)


def take(queue: Queue, jobs: int) -> list[int]:
    """What a worker does with jobs that it takes out."""
    taken: list[int] = []
    for _ in range(min(jobs, queue.count)):
        job = queue.fetch_job(queue.pop_job_id() or "")
        assert job is not None
        taken += job.args[0]
    return taken


def test_jobs_in_the_broker_are_bounded_and_every_track_comes_up(database: Database, queue: Queue) -> None:
    recipe, ids = add_names(database, 3 * MAX_JOBS * MAX_BATCH_SIZE + 5)
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
    recipe, ids = add_names(database, 20)
    feeder = QueueFeeder(queue, [recipe], 120, workers=2)
    with database.read() as connection:
        assert feeder.top_up(connection) == 20
        assert feeder.top_up(connection) == 0
        assert queued_track_ids(queue) == set(ids)
        broker_connection.flushall()
        assert feeder.top_up(connection) == 20


def test_jobs_are_json_and_hold_nothing_but_ids_and_hashes(
    database: Database, queue: Queue, broker_connection: Redis
) -> None:
    recipe, ids = add_names(database, 1)
    with database.read() as connection:
        QueueFeeder(queue, [recipe], 7, workers=1).top_up(connection)
    assert all(key.startswith(b"music-catalog:") for key in broker_connection.scan_iter())
    (job_id,) = queue.job_ids
    data = broker_connection.hget(f"music-catalog:job:{job_id}", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == [
        "workers.process.jobs.analyze_tracks",
        None,
        [ids, [recipe.hash], 7],
        {},
    ]


def test_a_database_has_one_name_however_it_is_called(sqlite_url: str, postgresql_url: str) -> None:
    names = []
    for url in (
        sqlite_url,
        sqlite_url.replace("/home/", "/home/../home/"),
        postgresql_url,
        postgresql_url + "&application_name=x",
    ):
        database = open_database(url)
        names.append(queue_name(database))
        database.close()
    assert names[0] == names[1]
    assert names[2] == names[3]
    assert names[0] != names[2]


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


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What Ctrl-C and SIGTERM do to this process, which RQ's worker changes, is put back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_a_worker_runs_no_job_but_ours_and_registers_again_when_forgotten(
    database: Database, queue: Queue, broker_connection: Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    proof = tmp_path_factory.mktemp("proof") / "made by a stranger"
    queue.enqueue("os.mkdir", str(proof))
    queue.enqueue("workers.process.jobs.analyze_tracks", [], [], 5, on_failure=Callback("os.abort"))
    with database.write() as connection:
        context = WorkerContext(database=database, worker_id=liveness.register(connection, "worker", 1))
    set_context(context)
    rq_worker = AnalysisWorker(queue, "worker", context)
    rq_worker.work(burst=True, logging_level="ERROR")
    assert not proof.exists()
    assert queue.count == 0
    broker_connection.flushall()
    rq_worker._next_beat = 0.0
    rq_worker.heartbeat()
    assert broker_connection.sismember(rq_worker.redis_workers_keys, rq_worker.key)


def test_status_says_who_is_at_work_on_what_and_sync_gives_back(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(*[QUIET] * 3)
    assert queue_status(database, [tiny]).pending == 3
    with database.write() as connection:
        recipe = register_feature_set(connection, tiny)
        dead = liveness.register(connection, "dead", 2**22 + 1)
        claims.reserve(connection, dead, ids[:2], [recipe.id])
        claims.begin(connection, dead, ids[1])
        past = liveness.server_time(connection) - 2 * liveness.LOST_AFTER
        connection.execute(sa.update(worker).values(heartbeat_at=past))
    status = queue_status(database, [tiny])
    assert (status.pending, status.claimed, status.failed) == (3, 2, 0)
    assert count_jobs(database, settings) is None
    (one,) = status.workers
    assert (one.track_id, one.path) == (ids[1], "0001.wav")
    assert one.seconds_silent >= 89
    assert status.advice is not None
    assert "queue sync" in status.advice
    with open_broker(None, settings.run) as broker:
        assert synchronize(database, broker, [tiny]) == (1, 3)
        jobs = count_jobs(database, settings)
        with broker.connect() as connection:
            assert jobs == open_queue(queue_name(database), connection).count > 0
    status = queue_status(database, [tiny])
    assert (status.claimed, status.workers) == (0, [])
    assert status.advice == "no worker is running; run: catalog analyze"


LONG_RUNNING = """
import sys
from pathlib import Path
from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import open_database
from catalog.settings import Settings
from workers.pool.long_running import work_until_stopped

home, url = sys.argv[1:]
work_until_stopped(open_database(url), Settings(Path(home), url, None), [feature_set("tiny")])
"""


def test_a_long_running_worker_takes_up_what_comes_and_ends_on_sigterm(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    def heard() -> int:
        with database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(feature_vector)).scalar_one()

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + 60
        while heard() < count:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    add_tracks(QUIET, QUIET)
    command = subprocess.Popen(
        [sys.executable, "-c", LONG_RUNNING, str(settings.home), settings.database_url]
    )
    wait_for(2)
    add_tracks(QUIET)
    wait_for(3)
    command.send_signal(signal.SIGTERM)
    assert command.wait(20) == 0
    with database.read() as connection:
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all() == []
