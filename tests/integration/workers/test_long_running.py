"""Long-running workers with real processes: other paths, unmounted disks, other versions, limits, signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import claim, failure, feature_vector, worker
from catalog.settings import Settings
from tests.integration.workers.sound import HUNGRY, QUIET, RAISES, AddTracks
from workers.broker.broker import find_broker
from workers.broker.job_queue import queue_name
from workers.host.worker_options import WorkerOptions
from workers.pool.analyze_pending import analyze_pending
from workers.pool.long_running import _log_mounts

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(settings: Settings, tiny: FeatureSet, tmp_path: Path) -> Iterator[Start]:
    """Starts `catalog worker`, as a person does."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from catalog.cli.main import main; main()"]
        command += ["--home", str(settings.home), "--database-url", settings.database_url, *before]
        command += ["worker", "--feature-set", "tiny", *arguments]
        with (tmp_path / "stderr").open("wb") as log:
            running.append(subprocess.Popen(command, stderr=log))
        return running[-1]

    yield run
    for process in running:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)


def analyzed_tracks(database: Database) -> set[int]:
    with database.read() as connection:
        return set(connection.execute(sa.select(feature_vector.c.track_id)).scalars())


def at_work(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(sa.select(sa.exists().select_from(worker))).scalar_one()


def test_a_folder_that_is_elsewhere_on_this_host(
    database: Database, music: Path, add_tracks: AddTracks, start: Start, tmp_path: Path
) -> None:
    ids = add_tracks(QUIET, QUIET)
    elsewhere = music.with_name("mounted here")
    music.rename(elsewhere)
    process = start("--workers", "1", "--root", f"{music}={elsewhere}")
    wait_for(lambda: analyzed_tracks(database) == set(ids))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    with database.read() as connection:
        rows = connection.execute(sa.select(worker.c.analyzed, worker.c.durations, worker.c.stopped_at)).all()
    (row,) = rows
    assert (row.analyzed, sum(row.durations)) == (2, 2)
    assert row.stopped_at is not None
    first, last = (tmp_path / "stderr").read_text().splitlines()
    assert first.startswith(
        f"catalog worker {version('music-catalog')} started: 1 process, feature sets tiny, "
    )
    assert f"queue {queue_name(database)}, database {database.place}" in first
    assert last == "catalog worker stopped after 2 tracks"


def test_a_disk_that_is_not_mounted_is_told_once(
    database: Database, music: Path, add_tracks: AddTracks, start: Start, tmp_path: Path
) -> None:
    add_tracks(QUIET)
    process = start("--workers", "1", "--root", f"{music}=/nowhere")
    words = "collections in folders that are absent or empty on this host: 1"
    wait_for(lambda: words in (tmp_path / "stderr").read_text())
    wait_for(lambda: at_work(database))
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert (tmp_path / "stderr").read_text().count(words) == 1
    assert analyzed_tracks(database) == set()


def test_a_disk_that_comes_back_is_told(caplog: pytest.LogCaptureFixture) -> None:
    _log_mounts([1], [1, 2])
    _log_mounts([1, 2], [1, 2])
    _log_mounts([1, 2], [1])
    first, second = (record.getMessage() for record in caplog.records)
    assert "--root" in first
    assert second == "folders that were absent are back; still absent: 1"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_of_an_older_version_says_what_to_do(
    database: Database, start: Start, tmp_path: Path
) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE catalog_version SET version_num = '9999'"))
    assert start().wait(60) == 1
    message = (tmp_path / "stderr").read_text()
    assert message.count("\n") == 1
    assert "newer version" in message
    assert "pip install --upgrade" in message


def test_a_second_sigterm_gives_the_present_track_back_at_once(
    database: Database, add_tracks: AddTracks, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tracks(*[QUIET] * 3)
    monkeypatch.setenv("TINY_PAUSE", "8")

    def at_work() -> bool:
        with database.read() as connection:
            return bool(connection.execute(sa.select(claim.c.claimed_at)).scalars().all())

    process = start("--workers", "1")
    wait_for(at_work)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "it lets the present track be finished"
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) in {0, 130}
    assert analyzed_tracks(database) == set()
    with database.read() as connection:
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(failure)).all() == []


def test_a_track_that_takes_too_much_memory_fails_and_the_worker_lives(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    (hungry,) = add_tracks(HUNGRY)
    fine = add_tracks(QUIET, QUIET)
    report = analyze_pending(database, settings, [tiny], workers=1, options=WorkerOptions(memory_limit=200))
    assert (report.analyzed, report.failed) == (2, 1)
    assert analyzed_tracks(database) == set(fine)
    with database.read() as connection:
        row = connection.execute(sa.select(failure)).one()
        assert (row.track_id, row.reason) == (hungry, "memory")
        assert len(connection.execute(sa.select(worker)).all()) == 1, "one worker did it all"
    with database.write() as connection:
        connection.execute(sa.delete(failure))
    assert analyze_pending(database, settings, [tiny], workers=1).analyzed == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_log_of_objects_says_what_was_done(
    database: Database, add_tracks: AddTracks, start: Start, tmp_path: Path
) -> None:
    ids = add_tracks(QUIET, RAISES)
    process = start("--workers", "1", before=("--log-json",))
    wait_for(lambda: len(done_of(tmp_path)) == 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert {entry["track_id"]: entry.get("reason") for entry in done_of(tmp_path)} == {
        ids[0]: None,
        ids[1]: "error",
    }


def done_of(folder: Path) -> list[dict[str, Any]]:
    """The tracks that the log speaks of; every other line is an object too."""
    lines = (folder / "stderr").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "track_id" in entry]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sigterm_ends_analyze_and_what_it_started_in_order(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_tracks(*[QUIET] * 60)
    monkeypatch.setenv("TINY_PAUSE", "0.2")
    command = [
        sys.executable,
        "-c",
        "from catalog.cli.main import main; main()",
        "--home",
        str(settings.home),
    ]
    command += ["analyze", "--feature-set", "tiny", "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(analyzed_tracks(database)) >= 1)
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=40)
    assert process.returncode == 130
    assert message.endswith("\ninterrupted; run the same command again to continue\n")
    assert find_broker(None, settings.run) is None
    with database.read() as connection:
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(worker).where(worker.c.stopped_at.is_(None))).all() == []


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
    def count_vectors() -> int:
        with database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(feature_vector)).scalar_one()

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + 60
        while count_vectors() < count:
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
