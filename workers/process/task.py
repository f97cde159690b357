"""The task: a step of learning that any worker can take, named in a fixed list and told of in ids and numbers.

A task may be run twice, or end early: what is done stands in the database, and who sent it looks there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from catalog.db.retry import is_disk_full
from catalog.learning.prediction.batch_inference import predict_chunk
from catalog.learning.registry.task_context import TaskContext, set_context
from catalog.learning.search.trial import run_trials
from workers.host.environment import MODELS
from workers.host.exit_codes import EXIT_DISK_FULL, EXIT_IO
from workers.process.jobs import Stop, current_worker_context
from workers.state.failures import one_line

log = logging.getLogger(__name__)

TASKS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {task.__name__: task for task in (run_trials, predict_chunk)}
)
"""What a worker can be asked to do, by name."""


def run_task(name: str, arguments: list[Any]) -> str | None:
    """The job as the queue knows it. Gives None, or what is wrong in one line."""
    desk = current_worker_context()
    desk.database.forget()
    set_context(TaskContext(desk.database, Path(os.environ.get(MODELS, "")), lambda: Stop.requested))
    try:
        TASKS[name](*arguments)
    except sa.exc.OperationalError as error:
        log.error("the task could not go on: %s", one_line(str(error.orig)))  # noqa: TRY400
        os._exit(EXIT_DISK_FULL if is_disk_full(error) else EXIT_IO)
    except Exception as error:  # whatever it is, who sent the task is told
        log.exception("the task %s failed", name)
        return one_line(str(error) or type(error).__name__)
    finally:
        desk.database.close()
    return None
