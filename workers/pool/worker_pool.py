"""The worker processes of a command: started, restarted after a crash, and drained at the end."""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from rq import Queue

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError
from catalog.settings import Settings
from catalog.threads import ONE_THREAD
from workers.broker.broker import Broker, open_broker
from workers.broker.job_queue import open_queue, queue_name
from workers.host.exit_codes import EXIT_DISK_FULL, describe_exit
from workers.host.worker_env_vars import BROKER_URL, DATABASE_URL, MODELS
from workers.host.worker_options import WorkerOptions
from workers.process.kernel_compilation import compile_kernels
from workers.state import liveness

log = logging.getLogger(__name__)

MAX_FALSE_STARTS = 3
LOG_PREFIX = re.compile(r"^[-\d]+ [:,\d]+ [A-Z]+ [\w.]+: ")
MAX_LOG_SIZE = 4 * 1024 * 1024
"""Bytes; a larger log is overwritten."""


class WorkersFailedError(CatalogError):
    """Workers end immediately after their start."""


class DiskFullError(CatalogError):
    """The disk of the database is full."""

    def __init__(self) -> None:
        super().__init__("the disk of the database is full; free some space, then the same command goes on")


class WorkerPool:
    """Worker processes of this command, on this host."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        queue: str,
        feature_sets: Sequence[FeatureSet],
        settings: Settings,
        options: WorkerOptions,
    ) -> None:
        self._database = database
        self._command = [sys.executable, "-P", "-m", "workers.process.worker_main", "--queue", queue]
        self._command += ["--parent", str(os.getpid())]
        self._command += [part for features in feature_sets for part in ("--feature-set", features.name)]
        self._command += ["--log-level", str(log.getEffectiveLevel()), "--options", options.to_json()]
        # Passwords are in the environment: every user can read argument lists.
        self._environment = {
            **os.environ,
            **ONE_THREAD,
            DATABASE_URL: database.url.render_as_string(hide_password=False),
            BROKER_URL: broker.url,
            MODELS: str(settings.models),
        }
        self._log_file = None if options.is_log_json else settings.run / "workers.log"
        """None for the stderr of this command, which a log collector reads."""
        self._feature_sets = feature_sets
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._false_starts = 0
        self._has_crashed_at_start = False
        self.processed = 0
        """Tracks that the ended processes have analyzed, including failed ones."""

    def __len__(self) -> int:
        return len(self._processes)

    def spawn(self, size: int) -> None:
        """Starts processes until the pool has `size` of them. Before the first one, the feature sets are compiled.

        Raises KernelsFailedError.
        """
        if len(self._processes) < size:
            compile_kernels(self._feature_sets, is_forced=self._has_crashed_at_start)
            self._has_crashed_at_start = False
        with _open_log(self._log_file) as output:
            while len(self._processes) < size:
                name = f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
                self._processes[name] = subprocess.Popen(
                    [*self._command, "--name", name],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment,
                    # Ctrl-C reaches this command only, which then drains its workers.
                    start_new_session=True,
                )

    def reap(self) -> int:
        """Removes processes that have ended and releases their claims. Returns their number.

        Raises WorkersFailedError after several consecutive failures at start, and DiskFullError if a worker ended
        because of a full disk.
        """
        ended = [(name, process) for name, process in self._processes.items() if process.poll() is not None]
        for name, process in ended:
            status = process.returncode
            death = describe_exit(status)
            log.info("worker %s ended %s", name, death)
            # A worker that exits has released its claims; a killed worker could not.
            was_registered = self._deregister(name, death if status < 0 else None)
            del self._processes[name]
            self._has_crashed_at_start = self._has_crashed_at_start or (status < 0 and not was_registered)
            if status == EXIT_DISK_FULL:
                continue
            is_false_start = not was_registered or status > 0
            self._false_starts = self._false_starts + 1 if is_false_start else 0
            if self._false_starts >= MAX_FALSE_STARTS:
                raise WorkersFailedError(
                    f"the workers end as soon as they are started: {_last_line(self._log_file)}"
                )
        if any(process.returncode == EXIT_DISK_FULL for _, process in ended):
            raise DiskFullError
        return len(ended)

    def drain(self, timeout: float) -> None:
        """Lets every process finish its present track. Kills those that take longer than `timeout` seconds."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + timeout
        try:
            for process in self._processes.values():
                process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("a worker does not end; it is killed")
        finally:
            self.kill()

    def kill(self) -> None:
        """Kills the remaining processes and releases their claims. No track is to blame."""
        self._signal(signal.SIGKILL)
        for name, process in self._processes.items():
            process.wait()
            self._deregister(name, None)
        self._processes.clear()

    def _deregister(self, name: str, death: str | None) -> bool:
        """Deregisters a process that has ended, and adds its tracks. Whether it was registered."""
        with self._database.write() as connection:
            tracks = liveness.deregister_by_name(connection, name, death)
        self.processed += tracks or 0
        return tracks is not None

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            process.send_signal(number)


@contextmanager
def open_pool(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet] = (),
    options: WorkerOptions | None = None,
) -> Iterator[tuple[Broker, Queue, WorkerPool]]:
    """Opens the broker and the queue of the catalog, with an empty pool. Raises BrokerUnreachableError."""
    with open_broker(settings.redis_url, settings.run) as broker, broker.connect() as connection:
        queue = open_queue(queue_name(database), connection)
        yield (
            broker,
            queue,
            WorkerPool(database, broker, queue.name, feature_sets, settings, options or WorkerOptions()),
        )


def _open_log(path: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    if path is None:
        return nullcontext()
    make_private_folder(path.parent)
    is_large = path.exists() and path.stat().st_size > MAX_LOG_SIZE
    return path.open("wb" if is_large else "ab")


def _last_line(path: Path | None) -> str:
    """The last line of the log, and the path of the log."""
    if path is None:
        return "see their log above"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return f"{LOG_PREFIX.sub('', lines[-1])[:300]} (see {path})" if lines else f"see {path}"
