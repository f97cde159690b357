"""The task job: a step of learning that any worker can run, from a fixed list, with JSON arguments.

A task may run twice or end early: its results are in the database, and the sender checks there.
"""

import logging
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from catalog.db.retry import is_disk_full
from catalog.learning.prediction.batch_inference import predict_chunk
from catalog.learning.search.trial import run_trials
from catalog.text import one_line
from workers.host.exit_codes import EXIT_DISK_FULL, EXIT_IO
from workers.process.worker_context import current_worker_context
from workers.state.failures import MAX_MESSAGE_LENGTH

log = logging.getLogger(__name__)

TASKS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {task.__name__: task for task in (run_trials, predict_chunk)}
)
"""The functions that a worker runs, by name."""


def run_task(name: str, arguments: list[Any]) -> str | None:
    """The job function of the queue. Returns None, or an error message on one line."""
    database = current_worker_context().database
    database.detach_after_fork()
    try:
        TASKS[name](*arguments)
    except sa.exc.OperationalError as error:
        log.error("the task could not go on: %s", one_line(str(error.orig), MAX_MESSAGE_LENGTH))  # noqa: TRY400
        os._exit(EXIT_DISK_FULL if is_disk_full(error) else EXIT_IO)
    except Exception as error:  # the sender of the task gets the message
        log.exception("the task %s failed", name)
        return one_line(str(error) or type(error).__name__, MAX_MESSAGE_LENGTH)
    finally:
        database.close()
    return None
