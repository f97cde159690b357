"""The state that a worker process sets up once and that its forked work horses inherit."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import sqlalchemy as sa

from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import require_current
from catalog.learning.registry.task_context import TaskContext, current_context
from workers.host.worker_options import WorkerOptions


class Stop:
    """Whether the job must end after the present track.

    SIGUSR1 sets it: a worker that drains sends the signal to its work horse. The worker also sets it in its own
    process, for work horses that are forked later.
    """

    requested = False

    @classmethod
    def request(cls, _number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        cls.requested = True

    @classmethod
    def install_handler(cls) -> None:
        """Installs the signal handler in this process and those forked from it."""
        signal.signal(signal.SIGUSR1, cls.request)


@dataclass(frozen=True, kw_only=True)
class WorkerContext(TaskContext):
    """The task context of a worker process, with what the analysis of tracks needs in addition."""

    models: Path = Path()
    is_stopped: Callable[[], bool] = lambda: Stop.requested
    worker_id: int
    options: WorkerOptions = field(default_factory=WorkerOptions)
    warmed_up: frozenset[str] = frozenset()
    """The feature sets that were computed once before the first fork."""
    revision: str | None = None
    """The schema revision at the start of the process; None if it cannot have changed since."""


def current_worker_context() -> WorkerContext:
    """The context of this worker process. RuntimeError outside of one."""
    context = current_context()
    if not isinstance(context, WorkerContext):
        raise RuntimeError("this is not a worker process; see set_context")  # noqa: TRY004 -- not an argument
    return context


def open_worker_database(url: str) -> Database:
    """Opens the database for a worker process. Raises DatabaseUnusableError if its schema is not the current one."""
    database = open_database(url)
    require_current(database)
    if database.is_sqlite:
        # A sandboxed process cannot create temporary files.
        sa.event.listen(
            database.writer, "connect", lambda connection, _: connection.execute("PRAGMA temp_store = MEMORY")
        )
    return database
