"""The task executor with real worker processes: a search gives the same result after any crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, wait

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import trial, worker
from catalog.learning.classifiers import ALGORITHMS
from catalog.learning.registry.task_context import TaskContext, set_context
from catalog.learning.search.candidates import default_candidates, random_candidates
from catalog.learning.search.search import Search, SearchResult
from catalog.learning.search.search_setup import prepare_search
from catalog.learning.search.trial import run_trials
from catalog.learning.training_options import TrainingOptions
from catalog.settings import Settings
from tests.integration.labeled_collection import Filled
from tests.integration.workers.test_worker_pool import is_gone, wait_for, work_horse_of, workers_of
from workers.broker.broker import find_broker
from workers.host.worker_options import WorkerOptions
from workers.pool.executor import InlineExecutor, TaskFailedError, open_executor

BLOBS = ("blobs",)
REGRESSION = ALGORITHMS["logistic_regression"]
CANDIDATES = 4
COMMAND = """
import sys
from pathlib import Path
from catalog.db.database import open_database
from catalog.learning.search.candidates import random_candidates
from catalog.learning.classifiers import ALGORITHMS
from catalog.learning.search.search_setup import prepare_search
from catalog.learning.search.search import Search
from catalog.learning.training_options import TrainingOptions
from catalog.settings import Settings
from workers.pool.executor import open_executor

if __name__ == "__main__":
    home, url, count = sys.argv[1:]
    database = open_database(url)
    data = prepare_search(database, TrainingOptions(feature_sets=("blobs",)), [("blobs",)])
    with open_executor(database, Settings(Path(home), url, None), 2) as executor:
        candidates = random_candidates([ALGORITHMS["logistic_regression"]], ("blobs",), int(count), seed=0)
        Search(database, executor, data, workers=2).choose(candidates, "random")
"""
Fill = Callable[..., Filled]


@pytest.fixture
def start(settings: Settings) -> Callable[[], subprocess.Popen[bytes]]:
    def run() -> subprocess.Popen[bytes]:
        arguments = [str(settings.home), settings.database_url, str(CANDIDATES)]
        return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments])

    return run


def tried(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(trial)).scalar_one()


def scores(database: Database) -> dict[tuple[str, str, int], object]:
    columns = trial.c
    with database.read() as connection:
        rows = connection.execute(
            sa.select(columns.algorithm, columns.parameters_hash, columns.fold, columns.scores)
        )
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def search_here(database: Database, settings: Settings) -> SearchResult:
    set_context(TaskContext(database, settings.models))
    ground = prepare_search(database, TrainingOptions(feature_sets=BLOBS), [BLOBS])
    candidates = random_candidates([REGRESSION], BLOBS, CANDIDATES, seed=0)
    return Search(database, InlineExecutor(), ground).choose(candidates, "random")


def living(database: Database) -> int:
    with database.read() as connection:
        is_alive = worker.c.stopped_at.is_(None)
        return connection.execute(sa.select(sa.func.count()).select_from(worker).where(is_alive)).scalar_one()


def test_crashes_during_a_search_do_not_change_its_result(
    database: Database,
    settings: Settings,
    fill_labeled: Fill,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    fill_labeled(spread=2.0)
    command = start()
    wait_for(lambda: tried(database) >= 5)
    work_horse_of(command).kill()
    wait_for(lambda: tried(database) >= 20)
    broker = find_broker(None, settings.run)
    assert broker is not None
    with broker.connect() as connection:
        connection.flushall()
    wait_for(lambda: tried(database) >= 40)
    workers_of(command)[0].kill()
    assert command.wait(90) == 0
    assert living(database) == 0
    elsewhere = scores(database)
    assert search_here(database, settings).computed == 0
    with database.write() as connection:
        connection.execute(sa.delete(trial))
    search_here(database, settings)
    assert scores(database) == elsewhere


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_that_is_interrupted_or_killed_goes_on_later(
    database: Database,
    settings: Settings,
    fill_labeled: Fill,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    fill_labeled(spread=2.0)
    command = start()
    wait_for(lambda: tried(database) >= 3)
    command.send_signal(signal.SIGINT)
    assert command.wait(30) != 0
    interrupted = tried(database)
    assert living(database) == 0
    command = start()
    wait_for(lambda: tried(database) >= interrupted + 3)
    workers = workers_of(command)
    command.kill()
    command.wait()
    wait_for(lambda: all(map(is_gone, workers)), 20)
    killed = tried(database)
    choice = search_here(database, settings)
    assert 0 < choice.computed == choice.trials - killed
    broker = find_broker(None, settings.run)
    if broker is not None:
        with broker.connect() as connection:
            os.kill(connection.info("server")["process_id"], signal.SIGKILL)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_forks_after_a_warm_up_does_not_hang(
    database: Database, settings: Settings, fill_labeled: Fill
) -> None:
    """Nearest neighbors and forests, which start threads of their own elsewhere, in horses of a warm parent."""
    fill_labeled(spread=2.0)
    ground = prepare_search(database, TrainingOptions(feature_sets=BLOBS), [BLOBS])
    algorithms = [
        ALGORITHMS[name] for name in ("knn", "random_forest", "gradient_boosting") if name in ALGORITHMS
    ]
    with open_executor(database, settings, 1) as executor:
        rows = Search(database, executor, ground).compare(default_candidates(algorithms, [BLOBS]))
    assert all(row.evaluation is not None for row in rows)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_error_of_a_task_reaches_its_future_and_the_log(
    database: Database, settings: Settings, fill_labeled: Fill, capfd: pytest.CaptureFixture[str]
) -> None:
    fill_labeled()
    with open_executor(database, settings, 1, WorkerOptions(is_log_json=True)) as executor:
        with pytest.raises(ValueError, match="'sleep' is not a task"):
            executor.submit(__import__("time").sleep, 0)
        future = executor.submit(run_trials, 4711, [])
        with pytest.raises(TaskFailedError, match="tracks of the training set were removed"):
            future.result(60)
        waiting = [executor.submit(run_trials, 4711, []) for _ in range(3)]
        waiting[-1].cancel()
        wait(waiting, 60)
        with pytest.raises((TaskFailedError, CancelledError)):
            waiting[-1].result()
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert "the task run_trials failed" in {entry["event"] for entry in logged}
    assert not (settings.run / "workers.log").exists()
