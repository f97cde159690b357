"""The context of a worker process and its stop request."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from catalog.learning.registry import task_context
from catalog.learning.registry.task_context import TaskContext, current_context, set_context
from workers.process.worker_context import Stop, WorkerContext, current_worker_context


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_context, "_current", [])
    monkeypatch.setattr(Stop, "requested", False)


def test_tasks_and_jobs_share_one_context() -> None:
    database: Any = object()
    context = WorkerContext(database=database, models=Path("models"), worker_id=7)
    set_context(context)
    assert current_context() is current_worker_context() is context


def test_a_task_context_is_not_a_worker_context() -> None:
    database: Any = object()
    set_context(TaskContext(database, Path("models")))
    with pytest.raises(RuntimeError, match="not a worker process"):
        current_worker_context()


def test_the_signal_requests_a_stop() -> None:
    database: Any = object()
    context = WorkerContext(database=database, worker_id=7)
    previous = signal.getsignal(signal.SIGUSR1)
    try:
        Stop.install_handler()
        assert not context.is_stopped()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert context.is_stopped()
    finally:
        signal.signal(signal.SIGUSR1, previous)
