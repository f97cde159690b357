"""RQ worker subclass: job allow-list, heartbeats in SQL, crash attribution.

It overrides internal methods of RQ 3, hence the upper bound of `rq` in pyproject.toml.
"""

import contextlib
import logging
import math
import os
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

import redis
import sqlalchemy as sa
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from catalog.db.retry import retry_until_connected
from workers.broker.job_queue import ANALYZE, TASK
from workers.host.exit_codes import EXIT_DISK_FULL, EXIT_IO, describe_exit
from workers.host.parent_death import end_with_parent
from workers.process.worker_context import Stop, WorkerContext
from workers.state import liveness
from workers.state.claims import release

log = logging.getLogger(__name__)

FORBIDDEN_FIELDS = {
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "webhooks",
    "dependency_ids",
}
"""Fields that make RQ run or call something else. Our jobs have none of them."""

MAX_ID = 2**63
MAX_TIME_LIMIT = 2**31
"""Seconds per track."""

CONNECTION_ERRORS = (OSError, StopRequested, redis.RedisError, sa.exc.SQLAlchemyError)
"""Expected errors while waiting for a job. RQ raises other errors for bytes that are not a job."""
MAX_UNREADABLE = 1_000
"""Consecutive unreadable jobs. With more of them, the cause is not a job."""

MAX_FAILED_RUNS = 3
EXTRA_SECONDS = 60.0
"""Seconds of a work horse in addition to the time limits of its tracks."""


class AnalysisWorker(Worker):
    """A worker that forks a work horse for each job and writes heartbeats to the database.

    The worker holds no database connection during a fork: each connection is closed after use.
    """

    max_connection_wait_time = 5.0
    log_result_lifespan = False

    def __init__(self, queue: Queue, name: str, context: WorkerContext) -> None:
        super().__init__(
            [queue],
            name=name,
            connection=queue.connection,
            serializer=JSONSerializer,
            log_job_description=False,
            # RQ beats every `worker_ttl - 15` seconds when idle, and every `job_monitoring_interval` at work.
            worker_ttl=15 + int(liveness.HEARTBEAT_INTERVAL),
            job_monitoring_interval=int(liveness.HEARTBEAT_INTERVAL),
        )
        self.context = context
        self._next_beat = 0.0
        self._horse_status: int | None = None
        self._horse_deadline = 0.0
        self.exit_code = 0
        """The exit code of the last work horse if it failed for a reason unrelated to a track, else 0."""
        self.failed_runs = 0
        """The number of consecutive work horses that failed so."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Adds a heartbeat in the database. Registers again with a Redis that has lost this worker."""
        super().heartbeat(timeout, pipeline)
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + liveness.HEARTBEAT_INTERVAL - 0.5
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        with self._tolerate_database_errors(), self.context.database.write() as connection:
            liveness.beat(connection, self.context.worker_id)
            if not self.horse_pid:
                release(connection, self.context.worker_id)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Drops unreadable jobs; RQ would end the worker."""
        for _ in range(MAX_UNREADABLE):
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except CONNECTION_ERRORS:
                raise
            except Exception as error:  # noqa: BLE001
                # RQ has already removed it from the queue.
                log.error("Redis holds an unreadable job: %s", type(error).__name__)  # noqa: TRY400
        return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Keeps supervising the work horse if the broker does not answer. Kills a work horse at its deadline."""
        with contextlib.suppress(redis.RedisError):
            super().maintain_heartbeats(job, execution)
        if time.monotonic() > self._horse_deadline:
            log.warning("the work horse does not end; it is killed")
            self.kill_horse()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Runs a permitted job in a work horse. Everybody with write access to the broker can name any function."""
        if not _is_permitted(job):
            log.error("Redis holds a foreign job; it was dropped")
            job.delete()
            return
        # RQ's own limit follows the wall clock, which may jump.
        self._horse_deadline = time.monotonic() + _max_seconds(job)
        try:
            super().execute_job(job, queue)
        finally:
            # Also if the broker, which RQ informs first, does not answer.
            self._handle_exit()

    def _handle_exit(self) -> None:
        """Reacts to the exit status of the work horse."""
        status, self._horse_status = self._horse_status, None
        code = os.waitstatus_to_exitcode(status) if status else 0
        if code in {EXIT_IO, EXIT_DISK_FULL}:
            self.exit_code = code
            self._back_off()
        elif code:
            death = describe_exit(code)
            log.warning("the work horse died %s", death)
            with self._tolerate_database_errors(), self.context.database.write() as connection:
                release(connection, self.context.worker_id, death)
        else:
            self.exit_code, self.failed_runs = 0, 0

    def _back_off(self) -> None:
        """Waits, longer each time. After the last failed run this process ends with the exit code of the work horse.

        A lost connection to the database does not count: the worker waits until it is back.
        """
        if self._has_waited_for_database():
            self.exit_code = 0
            return
        self.failed_runs += 1
        if self.failed_runs >= MAX_FAILED_RUNS:
            self._stop_requested = True
        else:
            time.sleep(2.0 ** (self.failed_runs - 1))

    def _has_waited_for_database(self) -> bool:
        """Waits until the database answers. Whether the first attempt failed."""
        attempts = 0

        def query() -> None:
            nonlocal attempts
            attempts += 1
            with self.context.database.read() as connection:
                connection.execute(sa.select(1))

        with self._tolerate_database_errors():
            retry_until_connected(query)
        return attempts > 1

    def subscribe(self) -> None:
        """Does not subscribe to RQ's commands: a process that forks has no thread, and commands may be foreign."""

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Keeps the exit status of the work horse."""
        pid, status, usage = super().wait_for_horse()
        self._horse_status = status
        return pid, status, usage

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Makes the work horse end with this worker, so that its tracks can be released."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        end_with_parent(os.getppid(), signal.SIGKILL)
        super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        """Stops the work horse after the present track instead of the present job; a later one does not start."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        # An idle RQ worker only raises here, and an exception in a callback is lost.
        self._stop_requested = True
        Stop.requested = True
        self._signal_horse()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Stops a work horse that was forked during the stop request.

        The signal is blocked until the work horse is set up: Python drops signals that reach a child earlier.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            super().fork_work_horse(job, queue)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        if Stop.requested:
            self._signal_horse()

    def _signal_horse(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGUSR1)

    def set_shutdown_requested_date(self) -> None:
        """Does not write to the broker: a signal handler must not wait for it."""

    @contextlib.contextmanager
    def _tolerate_database_errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            log.warning("the database does not answer: %s", type(error.orig).__name__)
        finally:
            self.context.database.close()


def _max_seconds(job: Job) -> float:
    """Seconds after which a work horse certainly hangs. The time limit of each track is shorter."""
    if job.func_name != ANALYZE:
        return math.inf
    track_ids, _, time_limit = job.args
    return float(len(track_ids) * time_limit + EXTRA_SECONDS)


def _is_analysis(arguments: Sequence[Any]) -> bool:
    track_ids, hashes, time_limit = arguments
    return (
        isinstance(track_ids, list)
        and all(type(track_id) is int and 0 <= track_id < MAX_ID for track_id in track_ids)
        and isinstance(hashes, list)
        and all(isinstance(text, str) for text in hashes)
        and type(time_limit) is int
        and 0 < time_limit <= MAX_TIME_LIMIT
    )


def _is_task(arguments: Sequence[Any]) -> bool:
    name, task_arguments = arguments
    return isinstance(name, str) and isinstance(task_arguments, list)


def _is_permitted(job: Job) -> bool:
    try:
        fields = job.to_dict(include_meta=False, include_result=False)
        checks = {ANALYZE: _is_analysis, TASK: _is_task}
        is_valid = job.func_name in checks and not job.kwargs and checks[job.func_name](job.args)
        return is_valid and not any(fields.get(name) for name in FORBIDDEN_FIELDS)
    except Exception:  # noqa: BLE001 -- an unreadable job is foreign
        return False
