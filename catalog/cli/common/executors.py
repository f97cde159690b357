"""Workers for a verb that may find that it has enough to do for them."""

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
    """The processes to start: as many as were asked for, or one a core, as memory allows."""
    if workers is not None:
        return workers
    from workers.host.capacity import fitting_workers

    return fitting_workers()


def executor_factory(database: Database, settings: Settings, workers: int | None = None) -> ExecutorFactory:
    """What opens an executor of so many processes. Nothing is imported for it, and no broker started, before."""

    def opened() -> AbstractContextManager[Executor]:
        return workers_for(database, settings, cores(workers))

    return opened


def workers_for(database: Database, settings: Settings, workers: int) -> AbstractContextManager[Executor]:
    """An executor of so many processes, which log as this command does."""
    from workers.host.worker_options import WorkerOptions
    from workers.pool.executor import open_executor

    return open_executor(database, settings, workers, WorkerOptions(is_log_json=logs_json()))
