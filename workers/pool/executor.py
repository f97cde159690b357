"""Executors: one that hands tasks to workers through the queue, and one that does them here and now."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import redis
import sqlalchemy as sa
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from catalog.db.database import Database
from catalog.db.tables import worker
from catalog.errors import CatalogError
from catalog.learning.registry.task_context import TaskContext, set_context
from catalog.settings import Settings
from workers.broker.broker import Broker, BrokerUnreachableError, open_broker
from workers.broker.job_queue import TASK, open_queue, queue_name
from workers.host.worker_options import WorkerOptions
from workers.pool.worker_pool import WorkerPool
from workers.process.task import TASKS
from workers.state import liveness

log = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MOST_JOBS = 64
"""Tasks in the queue at once."""
MOST_ATTEMPTS = 3
"""A task that so many workers have died on is not given to another."""
TIME_LIMIT = 6 * 3600
"""Seconds for one task. It stores what it has done step by step: the next attempt goes on from there."""
KEPT = 3600
"""Seconds that the broker remembers how a task ended."""
TICK, SWEEP = 0.2, 2.0
ABSENT = 10.0
PATIENCE = 5.0
"""Seconds that a worker may take to end at its next step; a longer one is lost, and done again another time."""
BROKER_PATIENCE = 120.0


class TaskFailedError(CatalogError):
    """What a task says is wrong, or that workers die on it."""


class InlineExecutor(Executor):
    """Does every task in this process, as soon as it is submitted."""

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """The result, or what was raised; an interruption is raised at once."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- it is for who asks the future
            future.set_exception(error)
        return future


@dataclass
class _Sent:
    """A task and where it is."""

    future: Future[Any]
    name: str
    arguments: list[Any]
    deaths: int = 0
    absent_since: float | None = None
    """Since when it is neither in the queue nor at work."""


class QueueExecutor(Executor):
    """Hands tasks to the workers of the queue, to its own crew and to all others, and watches over both.

    A task is one of `TASKS`; its arguments are JSON. It is done at least once: one that is lost, with its worker or
    with the broker's memory, is sent again. Results are in the database; futures only say that a task has ended, or
    raise TaskFailedError, WorkersFailedError or BrokerUnreachableError.
    """

    def __init__(self, database: Database, broker: Broker, queue: Queue, crew: WorkerPool, size: int) -> None:
        self._database = database
        self._broker = broker
        self._queue = queue
        self._crew = crew
        self._size = size
        self._lock = threading.Lock()
        self._waiting: deque[_Sent] = deque()
        self._sent: dict[str, _Sent] = {}
        self._stop = threading.Event()
        self._broken: BaseException | None = None
        # One thread starts the workers and outlives them: on Linux they end with the thread that started them.
        self._thread = threading.Thread(target=self._look_after, daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Sends a task. ValueError for what is none, or has named arguments."""
        name = getattr(fn, "__name__", "")
        if TASKS.get(name) is not fn or kwargs:
            raise ValueError(f"{name or fn!r} is no task that workers know")
        future: Future[Result] = Future()
        with self._lock:
            if self._broken is not None:
                raise self._broken
            self._waiting.append(_Sent(future, name, list(args)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 -- the interface's
        """Takes back what is in the queue and ends the crew; a step that takes longer than seconds is lost."""
        self._stop.set()
        if wait:
            self._thread.join()

    def _look_after(self) -> None:
        sweeper, next_sweep = liveness.Sweeper(self._database), 0.0
        away_since: float | None = None
        try:
            while not self._stop.is_set():
                self._crew.bury()
                self._crew.hire(self._size)
                if time.monotonic() >= next_sweep:
                    next_sweep = time.monotonic() + SWEEP
                    sweeper.sweep()
                try:
                    self._collect()
                    self._send()
                    away_since = None
                except redis.RedisError as error:
                    log.warning("the broker does not answer: %s", type(error).__name__)
                    away_since = away_since or time.monotonic()
                    self._revive(away_since)
                self._stop.wait(TICK)
        except Exception as error:  # noqa: BLE001 -- it is for who asks the future
            self._break(error)
        finally:
            self._take_back()
            self._crew.drain(PATIENCE)

    def _revive(self, away_since: float) -> None:
        try:
            self._broker.revive()
        except BrokerUnreachableError:
            if time.monotonic() - away_since > BROKER_PATIENCE:
                raise

    def _send(self) -> None:
        while len(self._sent) < MOST_JOBS:
            with self._lock:
                if not self._waiting:
                    return
                task = self._waiting.popleft()
            if not task.future.running() and not task.future.set_running_or_notify_cancel():
                continue
            job_id = f"{task.name}_{uuid.uuid4().hex}"
            task.absent_since = None
            self._sent[job_id] = task
            self._queue.enqueue_many(
                [
                    Queue.prepare_data(
                        TASK,
                        args=[task.name, task.arguments],
                        timeout=TIME_LIMIT,
                        result_ttl=KEPT,
                        failure_ttl=KEPT,
                        job_id=job_id,
                        description="",
                    )
                ]
            )

    def _collect(self) -> None:
        """Ends the futures of tasks that have ended, and sends again what was lost."""
        if not self._sent:
            return
        names = list(self._sent)
        jobs = self._fetch(names)
        living: set[str] | None = None
        waiting: set[str] | None = None
        for name, job in zip(names, jobs, strict=True):
            status = None if job is None else job.get_status(refresh=False)
            if job is None:
                self._again(name)  # the broker has forgotten it
            elif status is JobStatus.FINISHED:
                self._end(name, job.return_value())
            elif status is JobStatus.QUEUED:
                waiting = set(self._queue.job_ids) if waiting is None else waiting
                self._look_for(name, is_there=name in waiting)
            elif status is JobStatus.STARTED:
                living = self._living() if living is None else living
                if job.worker_name not in living:
                    self._died(name)
            else:
                self._died(name)

    def _fetch(self, names: list[str]) -> list[Job | None]:
        """The jobs as the broker has them; None for one that it has forgotten.

        After a flush a worker that is at one writes its heartbeat all the same: that is a job without its task.
        """
        jobs: list[Job | None] = []
        for name in names:
            try:
                jobs.append(Job.fetch(name, self._queue.connection, serializer=JSONSerializer))
            except NoSuchJobError:
                jobs.append(None)
        return jobs

    def _look_for(self, name: str, *, is_there: bool) -> None:
        """A worker that dies between taking a task out and beginning it leaves no trace."""
        task, present = self._sent[name], time.monotonic()
        task.absent_since = None if is_there else task.absent_since or present
        if task.absent_since is not None and present - task.absent_since > ABSENT:
            self._again(name)

    def _living(self) -> set[str]:
        with self._database.read() as connection:
            names = connection.execute(sa.select(worker.c.name).where(worker.c.stopped_at.is_(None)))
            return set(names.scalars())

    def _end(self, name: str, wrong: str | None) -> None:
        task = self._sent.pop(name)
        if wrong is None:
            task.future.set_result(None)
        else:
            task.future.set_exception(TaskFailedError(wrong))

    def _again(self, name: str) -> None:
        with self._lock:
            self._waiting.appendleft(self._sent.pop(name))

    def _died(self, name: str) -> None:
        task = self._sent[name]
        task.deaths += 1
        if task.deaths < MOST_ATTEMPTS:
            self._again(name)
        else:
            self._end(name, f"{MOST_ATTEMPTS} workers died on one task; see the log of the workers")

    def _break(self, error: Exception) -> None:
        with self._lock:
            self._broken = error
            tasks = [*self._waiting, *self._sent.values()]
            self._waiting.clear()
        for task in tasks:
            if task.future.running() or task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)

    def _take_back(self) -> None:
        """Removes from the queue what nobody has taken out of it; nobody waits for it any more."""
        with suppress(redis.RedisError):
            for job in self._fetch(list(self._sent)):
                if job is not None:
                    job.delete()
        self._sent.clear()


@contextmanager
def open_executor(
    database: Database, settings: Settings, workers: int, rules: WorkerOptions | None = None
) -> Iterator[Executor]:
    """An executor with so many worker processes of its own, which end with it; with 0 tasks are done in this process.

    `rules` are for these processes. `catalog worker` elsewhere takes part. Raises BrokerUnreachableError.
    """
    if workers == 0:
        set_context(TaskContext(database, settings.models))
        yield InlineExecutor()
        return
    with open_broker(settings.redis_url, settings.run) as broker, broker.connect() as connection:
        queue = open_queue(queue_name(database), connection)
        logs = settings.run / "workers.log"
        crew = WorkerPool(database, broker, queue.name, [], logs, settings.models, rules)
        with QueueExecutor(database, broker, queue, crew, workers) as executor:
            yield executor
