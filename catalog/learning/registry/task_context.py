"""Task context of a process: database and model folder, because tasks carry only ids and numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.db.database import Database, open_database


@dataclass(frozen=True)
class TaskContext:
    """Database and folders of the tasks of this process."""

    database: Database
    models: Path
    """The folder of model artifacts."""
    is_stopped: Callable[[], bool] = lambda: False
    """Whether a task should end after its current step."""


_current: list[TaskContext] = []


def set_context(context: TaskContext) -> None:
    """Sets the task context of this process."""
    _current[:] = [context]


def set_context_from(database_url: str, models: str) -> None:
    """Sets the task context of a new process; the initializer of a process pool."""
    set_context(TaskContext(open_database(database_url), Path(models)))


def current_context() -> TaskContext:
    """The task context of this process. Raises RuntimeError if it is not set."""
    if not _current:
        raise RuntimeError("this process has no task context; call set_context first")
    return _current[0]
