"""A signal to stop that comes at an awkward moment: it is neither lost nor waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import claim, feature_vector
from catalog.features.stored_feature_set import register_feature_set
from catalog.learning.registry.task_context import set_context
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import open_broker
from workers.broker.job_queue import enqueue, open_queue, queue_name
from workers.process.rq_worker import AnalysisWorker
from workers.process.worker_context import Stop, WorkerContext, open_worker_database
from workers.state import liveness

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRACKS = 6
PAUSE = 0.5
"""Seconds that a track takes at least."""


@pytest.fixture
def own_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What signals do to this process, which a worker changes, is put back."""
    monkeypatch.setattr(Stop, "requested", False)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def broker_connection(settings: Settings) -> Iterator[Redis]:
    with open_broker(None, settings.run) as broker, broker.connect() as connection:
        yield connection


@pytest.fixture
def rq_worker(
    database: Database,
    broker_connection: Redis,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    settings: Settings,
    own_signals: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AnalysisWorker:
    """A worker with one job of several tracks before it."""
    monkeypatch.setenv("TINY_PAUSE", str(PAUSE))
    ids = add_tracks(*[QUIET] * TRACKS)
    with database.write() as connection:
        register_feature_set(connection, tiny)
        worker_id = liveness.register(connection, "worker", os.getpid())
    context = WorkerContext(database=open_worker_database(settings.database_url), worker_id=worker_id)
    queue = open_queue(queue_name(database), broker_connection)
    enqueue(queue, [ids], [tiny.hash], 60)
    Stop.install_handler()
    set_context(context)
    return AnalysisWorker(queue, "worker", context)


def count_vectors(database: Database) -> int:
    with database.read() as connection:
        assert connection.execute(sa.select(claim).where(claim.c.worker_id.is_not(None))).all() == []
        return connection.execute(sa.select(sa.func.count()).select_from(feature_vector)).scalar_one()


def stopped_after(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, at whose end this process, and no child of it, is told to stop."""
    own = os.getpid()

    def stopping(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        if os.getpid() == own:
            os.kill(own, signal.SIGTERM)
        return result

    return stopping


@SQLITE
def test_a_job_that_is_not_begun_yet_is_not_begun(
    database: Database, rq_worker: AnalysisWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq_worker, "prepare_execution", stopped_after(rq_worker.prepare_execution))
    rq_worker.work(logging_level="CRITICAL", max_idle_time=20)
    assert count_vectors(database) == 0


@SQLITE
def test_a_horse_that_is_being_forked_ends_after_its_first_track(
    database: Database, rq_worker: AnalysisWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before RQ knows what it has forked.
    monkeypatch.setattr(os, "fork", stopped_after(os.fork))
    rq_worker.work(logging_level="CRITICAL", max_idle_time=20)
    assert count_vectors(database) <= 1


@SQLITE
def test_a_worker_that_is_left_alone_does_the_whole_job(
    database: Database, rq_worker: AnalysisWorker
) -> None:
    rq_worker.work(logging_level="CRITICAL", burst=True)
    assert count_vectors(database) == TRACKS


class Dropped:
    """An object with whose end a signal comes: what its handler raises is raised in a destructor, and lost."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1_000):
            pass


@SQLITE
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_idle_worker_ends_though_what_was_raised_is_lost(
    database: Database, rq_worker: AnalysisWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rq_worker.queues[0].empty()
    monkeypatch.setattr(rq_worker, "check_for_suspension", lambda _burst: Dropped() and None)
    begun = time.monotonic()
    rq_worker.work(logging_level="CRITICAL", max_idle_time=20)
    assert time.monotonic() - begun < 10


LOST = """
import os, signal, sys, time
from catalog.cli.main import cli, main

class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1_000):
            pass

def verb(*_, **__):
    Dropped()
    print("lost", flush=True)
    time.sleep(30)

cli.main = verb
main()
"""


def test_a_command_ends_though_what_was_raised_is_lost() -> None:
    begun = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "lost\n")
    assert ended.stderr == "interrupted; run the same command again to continue\n"
    assert time.monotonic() - begun < 20
