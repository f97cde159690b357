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

from catalog.db.retry import is_full
from catalog.learning.prediction.batch_inference import hear_piece
from catalog.learning.registry.task_context import Workplace, settle
from catalog.learning.search.trial import run_trials
from workers.host.environment import MODELS
from workers.host.exit_codes import NO_ROOM, TROUBLE
from workers.process.jobs import Stop, present_desk
from workers.state.failures import one_line

log = logging.getLogger(__name__)

TASKS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {task.__name__: task for task in (run_trials, hear_piece)}
)
"""What a worker can be asked to do, by name."""


def run_task(name: str, arguments: list[Any]) -> str | None:
    """The job as the queue knows it. Gives None, or what is wrong in one line."""
    desk = present_desk()
    desk.database.forget()
    settle(Workplace(desk.database, Path(os.environ.get(MODELS, "")), lambda: Stop.requested))
    try:
        TASKS[name](*arguments)
    except sa.exc.OperationalError as error:
        log.error("the task could not go on: %s", one_line(str(error.orig)))  # noqa: TRY400
        os._exit(NO_ROOM if is_full(error) else TROUBLE)
    except Exception as error:  # whatever it is, who sent the task is told
        log.exception("the task %s failed", name)
        return one_line(str(error) or type(error).__name__)
    finally:
        desk.database.close()
    return None
