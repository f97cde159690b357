"""RQ's worker with the traps taken out: two kinds of job, liveness in SQL, deaths told from bad luck."""

from __future__ import annotations

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
from workers.process.jobs import Stop, WorkerContext
from workers.state import liveness
from workers.state.claims import give_back

log = logging.getLogger(__name__)

EXTRAS = {
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "webhooks",
    "dependency_ids",
}
"""What else a job can have run or called; ours have none of it."""


LARGEST_ID = 2**63
LONGEST_LIMIT = 2**31
"""Seconds a track."""

NO_JOBS_FAULT = (OSError, StopRequested, redis.RedisError, sa.exc.SQLAlchemyError)
"""What may go wrong while a job is waited for; anything else is what bytes that are no job make RQ raise."""
MOST_UNREADABLE = 1_000
"""In a row; more of them, and it is no job that is to blame."""

MOST_TROUBLES = 3
SPARE = 60.0
"""Seconds that a horse has beyond what its tracks may take."""


class AnalysisWorker(Worker):
    """A worker that forks a work horse for each job and says in the database that it lives.

    Its process keeps no database connection open while it forks: each is closed after use.
    """

    max_connection_wait_time = 5.0
    log_result_lifespan = False

    def __init__(self, queue: Queue, name: str, desk: WorkerContext) -> None:
        super().__init__(
            [queue],
            name=name,
            connection=queue.connection,
            serializer=JSONSerializer,
            log_job_description=False,
            # RQ beats once in `worker_ttl - 15` seconds when idle, and in `job_monitoring_interval` at work.
            worker_ttl=15 + int(liveness.BEAT),
            job_monitoring_interval=int(liveness.BEAT),
        )
        self.desk = desk
        self._next_beat = 0.0
        self._horse_status: int | None = None
        self._horse_until = 0.0
        self.trouble = 0
        """The exit code of a horse that could not go on for no fault of a track, if the last one could not; else 0."""
        self.troubles = 0
        """How often in a row that was so."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ's heartbeat, and ours in the database; a Redis that has forgotten this worker is told again."""
        super().heartbeat(timeout, pipeline)
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + liveness.BEAT - 0.5
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        with self._database_may_be_away(), self.desk.database.write() as connection:
            liveness.beat(connection, self.desk.worker_id)
            if not self.horse_pid:
                give_back(connection, self.desk.worker_id)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """As RQ's; but a job that cannot be read is thrown away, where RQ would end the worker."""
        for _ in range(MOST_UNREADABLE):
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except NO_JOBS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001
                # It is out of the queue already.
                log.error("the broker holds a job that cannot be read: %s", type(error).__name__)  # noqa: TRY400
        return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """As RQ's; but a broker that is away for a while is no reason to leave the horse alone."""
        with contextlib.suppress(redis.RedisError):
            super().maintain_heartbeats(job, execution)
        if time.monotonic() > self._horse_until:
            log.warning("the work horse does not end; it is killed")
            self.kill_horse()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Runs the job in a forked horse. Whoever can write to the broker can name any function: only ours is run."""
        if not _is_ours(job):
            log.error("the broker holds a job that is none of ours; it was thrown away")
            job.delete()
            return
        # Of RQ's limit a clock that jumps would make an end before its time.
        self._horse_until = time.monotonic() + _longest(job)
        try:
            super().execute_job(job, queue)
        finally:
            # Also where the broker, which RQ tells of it first, does not answer.
            self._look_at_the_end()

    def _look_at_the_end(self) -> None:
        """Does what the way in which the horse ended asks for."""
        status, self._horse_status = self._horse_status, None
        code = os.waitstatus_to_exitcode(status) if status else 0
        if code in {EXIT_IO, EXIT_DISK_FULL}:
            self.trouble = code
            self._wait()
        elif status:
            death = describe_death(status)
            log.warning("the work horse died %s", death)
            with self._database_may_be_away(), self.desk.database.write() as connection:
                give_back(connection, self.desk.worker_id, death)
        else:
            self.trouble, self.troubles = 0, 0

    def _wait(self) -> None:
        """Waits a while, longer each time; the last time lets this process end, and say why by its exit code.

        A database that is away is waited for, and is no trouble of ours.
        """
        if self._waited_for_database():
            self.trouble = 0
            return
        self.troubles += 1
        if self.troubles >= MOST_TROUBLES:
            self._stop_requested = True
        else:
            time.sleep(2.0 ** (self.troubles - 1))

    def _waited_for_database(self) -> bool:
        """Whether the database was away; it is back then."""
        tries = 0

        def ask() -> None:
            nonlocal tries
            tries += 1
            with self.desk.database.read() as connection:
                connection.execute(sa.select(1))

        with self._database_may_be_away():
            retry_until_connected(ask)
        return tries > 1

    def subscribe(self) -> None:
        """Does not listen for RQ's commands: no thread in a process that forks, and nothing a stranger could send."""

    def unsubscribe(self) -> None:
        """Has nothing to end."""

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """As RQ's, keeping how the horse ended."""
        pid, status, usage = super().wait_for_horse()
        self._horse_status = status
        return pid, status, usage

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The horse, which dies with its keeper: nobody else would give its tracks back."""
        end_with_parent(os.getppid(), signal.SIGKILL)
        super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        """Has the horse stop after the present track, not after its whole batch, and one that is forked from now on not begin."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        # Where nothing is at work RQ only raises, and what is raised in a callback is lost.
        self._stop_requested = True
        Stop.requested = True
        self._stop_horse()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """As RQ's; a horse that was forked just as this process was told to end is told too."""
        super().fork_work_horse(job, queue)
        if Stop.requested:
            self._stop_horse()

    def _stop_horse(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGUSR1)

    def set_shutdown_requested_date(self) -> None:
        """Does not tell the broker: this is a signal's handler, and a broker that stands still would hold it up."""

    @contextlib.contextmanager
    def _database_may_be_away(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            log.warning("the database does not answer: %s", type(error.orig).__name__)
        finally:
            self.desk.database.close()


def describe_death(status: int) -> str:
    """How a process ended, by the status that waitpid gives: "by SIGSEGV", "with exit code 1"."""
    return describe_exit(os.waitstatus_to_exitcode(status))


def _longest(job: Job) -> float:
    """Seconds after which a horse hangs for certain: its own limit, track by track, comes before."""
    if job.func_name != ANALYZE:
        return math.inf
    track_ids, _, time_limit = job.args
    return float(len(track_ids) * time_limit + SPARE)


def _is_analysis(arguments: Sequence[Any]) -> bool:
    track_ids, hashes, time_limit = arguments
    return (
        isinstance(track_ids, list)
        and all(type(each) is int and 0 <= each < LARGEST_ID for each in track_ids)
        and isinstance(hashes, list)
        and all(isinstance(each, str) for each in hashes)
        and type(time_limit) is int
        and 0 < time_limit <= LONGEST_LIMIT
    )


def _is_task(arguments: Sequence[Any]) -> bool:
    name, given = arguments
    return isinstance(name, str) and isinstance(given, list)


def _is_ours(job: Job) -> bool:
    try:
        said = job.to_dict(include_meta=False, include_result=False)
        arguments = {ANALYZE: _is_analysis, TASK: _is_task}
        is_known = job.func_name in arguments and not job.kwargs and arguments[job.func_name](job.args)
        return is_known and not any(said.get(name) for name in EXTRAS)
    except Exception:  # noqa: BLE001 -- what cannot even be read is not ours
        return False
