"""Worker pools for commands that run trials or predictions in parallel."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from catalog.cli.common.output import logs_json
from catalog.db.database import Database
from catalog.settings import Settings

if TYPE_CHECKING:
    from catalog.learning.prediction.batch_inference import ExecutorFactory


def cores(workers: int | None) -> int:
    """Returns the number of processes to start; by default one per core, as memory allows."""
    if workers is not None:
        return workers
    from workers.host.capacity import default_worker_count

    return default_worker_count()


def executor_factory(database: Database, settings: Settings, workers: int | None = None) -> ExecutorFactory:
    """Returns a function that opens an executor. Workers are imported and started only when it is called."""

    def open_workers() -> AbstractContextManager[Executor]:
        return workers_for(database, settings, cores(workers))

    return open_workers


def workers_for(database: Database, settings: Settings, workers: int) -> AbstractContextManager[Executor]:
    """Opens an executor of worker processes with the log format of this command."""
    from workers.host.worker_options import WorkerOptions
    from workers.pool.executor import open_executor

    return open_executor(database, settings, workers, WorkerOptions(is_log_json=logs_json()))
