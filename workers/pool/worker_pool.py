"""The worker processes that a command starts: watched, started anew when they die, and let go at the end."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from catalog.db.database import Database
from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError
from workers.broker.broker import Broker
from workers.host.environment import BROKER_URL, DATABASE_URL, MODELS, THREADS
from workers.host.exit_codes import EXIT_DISK_FULL, describe_exit
from workers.host.worker_options import WorkerOptions
from workers.state import liveness

log = logging.getLogger(__name__)

MOST_FALSE_STARTS = 3
LOG_PREFIX = re.compile(r"^[-\d]+ [:,\d]+ [A-Z]+ [\w.]+: ")
LARGEST_LOG = 4 * 1024 * 1024


class WorkersFailedError(CatalogError):
    """Workers that end as soon as they are started, with where to look."""


class DiskFullError(CatalogError):
    """A database whose disk is full, with what to do."""

    def __init__(self) -> None:
        super().__init__("the disk of the database is full; free some space, then the same command goes on")


class WorkerPool:
    """Worker processes of this command, on this host."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        queue: str,
        feature_sets: Sequence[str],
        logs: Path,
        models: Path | None = None,
        rules: WorkerOptions | None = None,
    ) -> None:
        self._database = database
        self._command = [sys.executable, "-P", "-m", "workers.process.worker_process", "--queue", queue]
        self._command += ["--parent", str(os.getpid())]
        self._command += [part for name in feature_sets for part in ("--feature-set", name)]
        self._rules = rules or WorkerOptions()
        self._command += self._rules.arguments()
        # Passwords go by the environment: argument lists are everybody's to read.
        self._environment = {
            **os.environ,
            **THREADS,
            DATABASE_URL: database.url.render_as_string(hide_password=False),
            BROKER_URL: broker.url,
        }
        if models is not None:
            self._environment[MODELS] = str(models)
        self._log = logs
        self._members: dict[str, subprocess.Popen[bytes]] = {}
        self._false_starts = 0

    def __len__(self) -> int:
        return len(self._members)

    def hire(self, size: int) -> None:
        """Starts processes until there are so many."""
        with self._open_log() as output:
            while len(self._members) < size:
                name = f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
                self._members[name] = subprocess.Popen(
                    [*self._command, "--name", name],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment,
                    # Ctrl-C is for the command, which then drains its workers.
                    start_new_session=True,
                )

    def bury(self) -> int:
        """Gives back what processes that have ended had claimed; gives how many there were.

        Raises WorkersFailedError when several in a row did not even come to begin, DiskFullError where some ended for want of room.
        """
        ended = [(name, process) for name, process in self._members.items() if process.poll() is not None]
        for name, process in ended:
            status = process.returncode
            death = describe_exit(status)
            log.info("worker %s ended %s", name, death)
            # A worker that ends by itself has given back what it had; one that was killed could not.
            with self._database.write() as connection:
                had_begun = liveness.deregister_by_name(connection, name, death if status < 0 else None)
            del self._members[name]
            if status == EXIT_DISK_FULL:
                continue
            is_false_start = not had_begun or status > 0
            self._false_starts = self._false_starts + 1 if is_false_start else 0
            if self._false_starts >= MOST_FALSE_STARTS:
                raise WorkersFailedError(f"the workers end as soon as they are started: {self._said_last()}")
        if any(process.returncode == EXIT_DISK_FULL for _, process in ended):
            raise DiskFullError
        return len(ended)

    def drain(self, patience: float) -> None:
        """Lets every process finish its present track. Those that take longer than so many seconds are killed."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        try:
            for process in self._members.values():
                process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("a worker does not end; it is killed")
        finally:
            self.kill()

    def kill(self) -> None:
        """Ends what is left at once; no track is to blame for that."""
        self._signal(signal.SIGKILL)
        for name, process in self._members.items():
            process.wait()
            with self._database.write() as connection:
                liveness.deregister_by_name(connection, name, None)
        self._members.clear()

    def _open_log(self) -> AbstractContextManager[IO[bytes] | None]:
        """The log of the workers, or None for the stderr of this command, where a collector of logs reads."""
        return nullcontext() if self._rules.is_log_json else _open_log(self._log)

    def _said_last(self) -> str:
        return "see their log above" if self._rules.is_log_json else _last_line(self._log)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._members.values():
            process.send_signal(number)


def _last_line(path: Path) -> str:
    """What was said last, and where there is more of it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return f"{LOG_PREFIX.sub('', lines[-1])[:300]} (see {path})" if lines else f"see {path}"


def _open_log(path: Path) -> IO[bytes]:
    make_private_folder(path.parent)
    is_large = path.exists() and path.stat().st_size > LARGEST_LOG
    return path.open("wb" if is_large else "ab")
