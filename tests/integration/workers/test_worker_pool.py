"""Crashes of workers, commands and the broker: the same command completes the work."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import claim, failure, feature_vector, worker
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import find_broker
from workers.pool import worker_pool
from workers.pool.analyze_pending import analyze_pending
from workers.pool.worker_pool import WorkersFailedError
from workers.state.prometheus_metrics import CatalogCollector

COMMAND = """
import sys
from pathlib import Path
from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import open_database
from catalog.settings import Settings
from workers.pool.worker_pool import WorkersFailedError
from workers.pool.analyze_pending import analyze_pending

home, url = sys.argv[1:]
analyze_pending(open_database(url), Settings(Path(home), url, None), [feature_set("tiny")], workers=2)
"""


@pytest.fixture
def start(
    settings: Settings, tiny: FeatureSet, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], subprocess.Popen[bytes]]:
    monkeypatch.setenv("TINY_PAUSE", "0.05")

    def run() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", COMMAND, str(settings.home), settings.database_url])

    return run


def count_vectors(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(feature_vector)).scalar_one()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


def workers_of(command: subprocess.Popen[bytes]) -> list[psutil.Process]:
    children = psutil.Process(command.pid).children()
    return [child for child in children if "workers.process.worker_main" in child.cmdline()]


def work_horse_of(command: subprocess.Popen[bytes]) -> psutil.Process:
    found: list[psutil.Process] = []

    def look() -> bool:
        found[:] = [horse for process in workers_of(command) for horse in process.children()]
        return bool(found)

    wait_for(look)
    return found[0]


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def assert_whole(database: Database, ids: list[int]) -> None:
    with database.read() as connection:
        vectors = connection.execute(sa.select(feature_vector.c.track_id, feature_vector.c.vector)).all()
        assert sorted(row.track_id for row in vectors) == ids
        assert {round(float(row.vector[0]), 1) for row in vectors} == {QUIET}
        assert connection.execute(sa.select(failure)).all() == []
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all() == []


def test_what_dies_in_the_middle_is_done_all_the_same(
    database: Database,
    settings: Settings,
    add_tracks: AddTracks,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    ids = add_tracks(*[QUIET] * 120)
    command = start()
    wait_for(lambda: count_vectors(database) >= 5)
    work_horse_of(command).kill()
    wait_for(lambda: count_vectors(database) >= 20)
    broker = find_broker(None, settings.run)
    assert broker is not None
    with broker.connect() as connection:
        connection.flushall()
    wait_for(lambda: count_vectors(database) >= 40)
    workers_of(command)[0].kill()
    wait_for(lambda: count_vectors(database) >= 60)
    with broker.connect() as connection:
        os.kill(connection.info("server")["process_id"], signal.SIGKILL)
    assert command.wait(60) == 0
    assert_whole(database, ids)


def count_analyzed(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.sum(worker.c.analyzed))).scalar() or 0


def test_a_killed_work_horse_and_a_killed_worker_lose_no_count(
    database: Database,
    add_tracks: AddTracks,
    tiny: FeatureSet,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    add_tracks(*[QUIET] * 80)
    command = start()
    # In the middle of the first job: counts of whole jobs would still be 0.
    wait_for(lambda: count_analyzed(database) >= 3)
    work_horse_of(command).kill()
    wait_for(lambda: count_analyzed(database) >= 10)
    workers_of(command)[0].kill()
    assert command.wait(60) == 0
    registry = CollectorRegistry()
    registry.register(CatalogCollector(database, [tiny]))
    value = registry.get_sample_value("catalog_tracks_analyzed_total", {"host": socket.gethostname()})
    assert value == count_analyzed(database) == 80


def test_a_killed_command_takes_its_workers_with_it_and_can_be_given_again(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    ids = add_tracks(*[QUIET] * 40)
    command = start()
    wait_for(lambda: count_vectors(database) >= 5)
    workers = workers_of(command)
    command.kill()
    command.wait()
    wait_for(lambda: all(map(is_gone, workers)), 10)
    orphan = find_broker(None, settings.run)
    assert orphan is not None, "the broker of the killed command is found and used"
    with orphan.connect() as connection:
        number = connection.info("server")["process_id"]
    report = analyze_pending(database, settings, [tiny], workers=2)
    assert 0 < report.analyzed < 40
    assert_whole(database, ids)
    assert find_broker(None, settings.run) is None
    assert not psutil.pid_exists(number) or is_gone(psutil.Process(number))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ctrl_c_lets_the_present_tracks_be_finished(
    database: Database, add_tracks: AddTracks, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    add_tracks(*[QUIET] * 100)
    command = start()
    wait_for(lambda: count_vectors(database) >= 2)
    command.send_signal(signal.SIGINT)
    assert command.wait(60) != 0
    with database.read() as connection:
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all() == []
    assert count_vectors(database) < 100


def test_two_commands_at_once_share_the_work(
    database: Database,
    settings: Settings,
    add_tracks: AddTracks,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    ids = add_tracks(*[QUIET] * 60)
    commands = [start(), start()]
    assert [command.wait(60) for command in commands] == [0, 0]
    assert_whole(database, ids)
    assert find_broker(None, settings.run) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_workers_that_cannot_even_start_are_one_line(
    database: Database, settings: Settings, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET)
    absent = FeatureSet("absent", 1, {}, ("a",), 8_000, lambda sound: sound.samples[:1])
    with pytest.raises(WorkersFailedError, match="there is no feature set 'absent'") as caught:
        analyze_pending(database, settings, [absent])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_cannot_be_written_to_ends_the_command_and_blames_no_track(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (track_id,) = add_tracks(QUIET)
    # That it takes several is seen above; each of them takes its time to start.
    monkeypatch.setattr(worker_pool, "MAX_FALSE_STARTS", 1)
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE feature_vector RENAME COLUMN computed_at TO was_computed_at")
    with pytest.raises(WorkersFailedError, match="has no column named computed_at"):
        analyze_pending(database, settings, [tiny])
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE feature_vector RENAME COLUMN was_computed_at TO computed_at")
    assert analyze_pending(database, settings, [tiny]).analyzed == 1
    assert_whole(database, [track_id])
