"""Executors for learning tasks: QueueExecutor sends them to workers, InlineExecutor runs them in this process."""

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
from catalog.db.retry import retry_until_connected
from catalog.db.tables import worker
from catalog.errors import CatalogError
from catalog.learning.registry.task_context import TaskContext, set_context
from catalog.settings import Settings
from workers.broker.broker import Broker
from workers.broker.job_queue import TASK
from workers.host.worker_options import WorkerOptions
from workers.pool.supervisor import Supervisor, draining
from workers.pool.worker_pool import WorkerPool, open_pool
from workers.process.learning_task import TASKS

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MAX_JOBS = 64
"""Tasks in the queue at the same time."""
MAX_ATTEMPTS = 3
"""A task fails after this number of workers died on it."""
TASK_TIME_LIMIT = 6 * 3600
"""Seconds per task. A task stores its results step by step: the next attempt continues there."""
RESULT_TTL = 3600
"""Seconds for which the broker remembers the result of a task."""
TICK = 0.2
LOST_AFTER = 10.0
"""Seconds after which a task that is neither in the queue nor started is sent again."""
DRAIN_TIMEOUT = 5.0
"""Seconds until a worker must end at its next step. A longer step is lost and repeated later."""


class TaskFailedError(CatalogError):
    """A task raised an error, or workers die on it."""


class InlineExecutor(Executor):
    """Runs every task in this process at submission."""

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """The future holds the result or the exception. An interruption is raised immediately."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- the future holds it
            future.set_exception(error)
        return future


@dataclass
class _SentTask:
    future: Future[Any]
    name: str
    arguments: list[Any]
    deaths: int = 0
    absent_since: float | None = None
    """The time since when it is neither in the queue nor started."""


class QueueExecutor(Executor):
    """Sends tasks to the workers of the queue, those of its own pool and any others, and supervises its pool.

    A task is one of `TASKS` with JSON arguments. It runs at least once: a task that is lost, with its worker or with
    the memory of the broker, is sent again. Results are in the database. A future only signals that the task has
    ended, or raises TaskFailedError, WorkersFailedError, DiskFullError or BrokerUnreachableError.
    """

    def __init__(self, database: Database, broker: Broker, queue: Queue, pool: WorkerPool, size: int) -> None:
        self._database = database
        self._queue = queue
        self._pool = pool
        self._supervisor = Supervisor(database, broker, pool, size, self._exchange, max_feed_pause=0.0)
        self._lock = threading.Lock()
        self._waiting: deque[_SentTask] = deque()
        self._sent: dict[str, _SentTask] = {}
        self._stop = threading.Event()
        self._error: BaseException | None = None
        # One thread starts the workers and outlives them: on Linux they end with the thread that started them.
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Sends a task. Raises ValueError for other functions and for keyword arguments."""
        name = getattr(fn, "__name__", "")
        if TASKS.get(name) is not fn or kwargs:
            raise ValueError(f"{name or fn!r} is not a task of the workers")
        future: Future[Result] = Future()
        with self._lock:
            if self._error is not None:
                raise self._error
            self._waiting.append(_SentTask(future, name, list(args)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 -- interface
        """Removes waiting tasks from the queue and drains the pool."""
        self._stop.set()
        if wait:
            self._thread.join()

    def _supervise(self) -> None:
        with draining(self._pool, DRAIN_TIMEOUT):
            try:
                while not self._stop.is_set():
                    retry_until_connected(self._supervisor.tick)
                    self._stop.wait(TICK)
            except Exception as error:  # noqa: BLE001 -- the futures hold it
                self._fail_all(error)
            finally:
                self._remove_jobs()

    def _exchange(self) -> None:
        self._collect()
        self._send()

    def _send(self) -> None:
        while len(self._sent) < MAX_JOBS:
            with self._lock:
                if not self._waiting:
                    return
                task = self._waiting.popleft()
            if not task.future.running() and not task.future.set_running_or_notify_cancel():
                continue
            job_id = f"{task.name}_{uuid.uuid4().hex}"
            task.absent_since = None
            self._sent[job_id] = task
            job = Queue.prepare_data(
                TASK,
                args=[task.name, task.arguments],
                timeout=TASK_TIME_LIMIT,
                result_ttl=RESULT_TTL,
                failure_ttl=RESULT_TTL,
                job_id=job_id,
                description="",
            )
            self._queue.enqueue_many([job])

    def _collect(self) -> None:
        """Resolves the futures of tasks that have ended, and sends lost tasks again."""
        living: set[str] | None = None
        queued: set[str] | None = None
        for job_id, job in self._fetch_jobs():
            status = None if job is None else job.get_status(refresh=False)
            if job is None:
                self._send_again(job_id)  # the broker has lost it
            elif status is JobStatus.FINISHED:
                self._resolve(job_id, job.return_value())
            elif status is JobStatus.QUEUED:
                queued = set(self._queue.job_ids) if queued is None else queued
                self._check_presence(job_id, is_present=job_id in queued)
            elif status is JobStatus.STARTED:
                living = self._living_workers() if living is None else living
                if job.worker_name not in living:
                    self._count_death(job_id)
            else:
                self._count_death(job_id)

    def _fetch_jobs(self) -> list[tuple[str, Job | None]]:
        """The jobs of sent tasks in the broker; None for a lost one.

        After a flush, the heartbeat of a worker creates an empty job without a function.
        """
        jobs: list[tuple[str, Job | None]] = []
        for job_id in list(self._sent):
            job = None
            with suppress(NoSuchJobError):
                job = Job.fetch(job_id, self._queue.connection, serializer=JSONSerializer)
            jobs.append((job_id, job))
        return jobs

    def _check_presence(self, job_id: str, *, is_present: bool) -> None:
        """Detects a worker that died between dequeuing a task and starting it, which leaves no other trace."""
        task, present = self._sent[job_id], time.monotonic()
        task.absent_since = None if is_present else task.absent_since or present
        if task.absent_since is not None and present - task.absent_since > LOST_AFTER:
            self._send_again(job_id)

    def _living_workers(self) -> set[str]:
        with self._database.read() as connection:
            names = connection.execute(sa.select(worker.c.name).where(worker.c.stopped_at.is_(None)))
            return set(names.scalars())

    def _resolve(self, job_id: str, message: str | None) -> None:
        future = self._sent.pop(job_id).future
        if message is None:
            future.set_result(None)
        else:
            future.set_exception(TaskFailedError(message))

    def _send_again(self, job_id: str) -> None:
        with self._lock:
            self._waiting.appendleft(self._sent.pop(job_id))

    def _count_death(self, job_id: str) -> None:
        task = self._sent[job_id]
        task.deaths += 1
        if task.deaths < MAX_ATTEMPTS:
            self._send_again(job_id)
        else:
            self._resolve(job_id, f"{MAX_ATTEMPTS} workers died on one task; see the log of the workers")

    def _fail_all(self, error: Exception) -> None:
        with self._lock:
            self._error = error
            tasks = [*self._waiting, *self._sent.values()]
            self._waiting.clear()
        for task in tasks:
            if task.future.running() or task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)

    def _remove_jobs(self) -> None:
        """Removes our waiting jobs from the queue, because their results are not needed any more."""
        with suppress(redis.RedisError):
            for _, job in self._fetch_jobs():
                if job is not None:
                    job.delete()
        self._sent.clear()


@contextmanager
def open_executor(
    database: Database, settings: Settings, workers: int, options: WorkerOptions | None = None
) -> Iterator[Executor]:
    """An executor with `workers` processes that end with it; with 0 it runs tasks in this process.

    `options` are for these processes. A `catalog worker` on another host takes part. Raises BrokerUnreachableError.
    """
    if workers == 0:
        set_context(TaskContext(database, settings.models))
        yield InlineExecutor()
        return
    with (
        open_pool(database, settings, options=options) as (broker, queue, pool),
        QueueExecutor(database, broker, queue, pool, workers) as executor,
    ):
        yield executor
