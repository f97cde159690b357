"""The broker's life cycle with a real Valkey, and one-line errors that keep secrets."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from workers.broker.broker import Broker, BrokerUnreachableError, find_broker, open_broker


def server_of(broker: Broker) -> int:
    with broker.connect() as connection:
        return int(connection.info("server")["process_id"])


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while not is_gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_our_own_lives_as_long_as_somebody_uses_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert find_broker(None, run) is None
    with open_broker(None, run) as first:
        number = server_of(first)
        assert (run / "valkey.sock").stat().st_mode & 0o777 == 0o700
        with open_broker(None, run) as second:
            assert server_of(second) == number
        found = find_broker(None, run)
        assert found is not None
        assert server_of(found) == number
    wait_until_gone(number)
    assert find_broker(None, run) is None


def test_the_first_to_end_does_not_stop_it_under_the_others(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = open_broker(None, run), open_broker(None, run)
    number = server_of(first.__enter__())
    other = second.__enter__()
    first.__exit__(None, None, None)
    assert server_of(other) == number
    second.__exit__(None, None, None)
    wait_until_gone(number)


def test_two_that_come_at_once_start_one(tmp_path: Path) -> None:
    run, numbers = tmp_path / "run", []
    barrier = threading.Barrier(2)

    def use() -> None:
        barrier.wait()
        with open_broker(None, run) as broker:
            numbers.append(server_of(broker))
            barrier.wait()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 2
    assert len(set(numbers)) == 1


def test_an_orphan_is_found_and_used_and_one_that_was_killed_is_replaced(tmp_path: Path) -> None:
    run = tmp_path / "run"
    program = f"""
import os, signal
from pathlib import Path
from workers.broker.broker import open_broker
with open_broker(None, Path({str(run)!r})) as broker:
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    orphan = find_broker(None, run)
    assert orphan is not None
    number = server_of(orphan)
    with open_broker(None, run) as broker:
        assert server_of(broker) == number
        os.kill(number, signal.SIGKILL)
        wait_until_gone(number)
        broker.revive()
        assert server_of(broker) != number


@pytest.mark.parametrize("name", ["a" * 90, "with space", "mit-Umläuten", 'qu"ote'])
def test_a_home_where_a_socket_cannot_live_gets_a_private_folder(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = tmp_path / name / "run"
    with open_broker(None, run) as broker:
        assert broker.folder is not None
        assert broker.folder != run
        assert broker.folder.stat().st_mode & 0o777 == 0o700
        assert find_broker(None, run) == broker


def test_a_private_folder_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = tmp_path / "with space" / "run"
    with open_broker(None, run) as broker:
        assert broker.folder is not None
    broker.folder.chmod(0o777)
    with pytest.raises(BrokerUnreachableError, match="not a private folder"), open_broker(None, run):
        pass


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://user:secret@localhost:1/0", "no Redis answers at localhost:1"),
        ("redis://:secret@no-such-host.invalid:6379", "no Redis answers at no-such-host.invalid:6379"),
        ("unix:///nowhere/secret-is-no-secret.sock", "no Redis answers at /nowhere"),
        ("http://:secret@localhost", "cannot be read"),
        ("redis://:secret@localhost:notaport", "cannot be read"),
    ],
)
def test_a_redis_that_is_not_there_is_one_line_without_secrets(tmp_path: Path, url: str, words: str) -> None:
    for use in (lambda: open_broker(url, tmp_path).__enter__(), lambda: find_broker(url, tmp_path)):
        with pytest.raises(BrokerUnreachableError) as caught:
            use()
        assert words in str(caught.value)
        assert ":secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_redis_that_answers_and_refuses_is_not_called_silent(tmp_path: Path) -> None:
    with open_broker(None, tmp_path / "run") as own:
        beyond = f"{own.url}?db=9999"
        with pytest.raises(BrokerUnreachableError, match=r"answers with an error .*correct --redis-url"):
            find_broker(beyond, tmp_path)


def test_a_refused_password_is_said_and_not_shown(tmp_path: Path) -> None:
    with open_broker(None, tmp_path / "run") as own, own.connect() as connection:
        connection.config_set("requirepass", "right")
        with pytest.raises(BrokerUnreachableError, match="rejects the password") as caught:
            find_broker(own.url.replace("unix://", "unix://:hunter2@"), tmp_path)
        assert "hunter2" not in str(caught.value)
        connection.config_set("requirepass", "")


def test_the_broker_and_its_files_are_private(tmp_path: Path) -> None:
    run = tmp_path / "home" / "run"
    before = os.umask(0o000)
    try:
        with open_broker(None, run) as broker:
            assert broker.folder is not None
            for path in (broker.folder, broker.folder / "valkey.sock", run.parent):
                assert stat.S_IMODE(path.stat().st_mode) == 0o700
            assert "://" not in repr(broker)
    finally:
        os.umask(before)
