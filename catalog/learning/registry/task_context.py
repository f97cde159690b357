"""The workplace: what a process is given once, because a task that is sent elsewhere carries ids and numbers alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.db.database import Database, open_database


@dataclass(frozen=True)
class TaskContext:
    """Where the tasks of this process find what they work on."""

    database: Database
    models: Path
    """The folder of model artifacts."""
    is_stopped: Callable[[], bool] = lambda: False
    """Whether a task ought to end after the step that it is at."""


_present: list[TaskContext] = []


def set_context(place: TaskContext) -> None:
    """Gives this process its workplace, in the place of another."""
    _present[:] = [place]


def set_context_from(database_url: str, models: str) -> None:
    """Gives a fresh process its workplace: an initializer for a pool of processes."""
    set_context(TaskContext(open_database(database_url), Path(models)))


def current_context() -> TaskContext:
    """The workplace of this process. RuntimeError where nobody gave it one."""
    if not _present:
        raise RuntimeError("this process was given no workplace; see `settle`")
    return _present[0]
