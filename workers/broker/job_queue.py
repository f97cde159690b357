"""The job queue of one catalog. Its name comes from the database, so that catalogs can share a Redis."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from catalog.db.database import Database

if TYPE_CHECKING:
    from redis import Redis
    from rq import Queue

ANALYZE, TASK = "workers.process.jobs.analyze_tracks", "workers.process.learning_task.run_task"
"""The permitted job functions. Workers drop all other jobs."""
DEFAULT_TIME_LIMIT = 120
"""Seconds per track."""
JOB_ID = re.compile(rb"[0-9]{1,19}(?:-[0-9]{1,19})*_[0-9a-f]{8}")


def queue_name(database: Database) -> str:
    """The same name on every host for the same database, independent of its URL."""
    with database.read() as connection:
        if database.is_sqlite:
            file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
            identity = f"{socket.gethostname()}:{file}"
        else:
            query = (
                "SELECT s.system_identifier, d.oid FROM pg_control_system() s "
                "JOIN pg_database d ON d.datname = current_database()"
            )
            identity = ":".join(str(part) for part in connection.execute(sa.text(query)).one())
    return f"catalog-{hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()}"


def open_queue(name: str, connection: Redis) -> Queue:
    """The queue, with JSON as the only serializer."""
    from rq import Queue
    from rq.serializers import JSONSerializer

    return Queue(name, connection=connection, serializer=JSONSerializer)


def queue_length(name: str, connection: Redis) -> int:
    """The number of jobs in the queue, without the slow import of RQ."""
    return connection.llen(f"{os.environ['RQ_KEY_PREFIX']}:queue:{name}")


def enqueue(queue: Queue, batches: Sequence[Sequence[int]], hashes: Sequence[str], time_limit: int) -> None:
    """Adds one job for each batch of track ids. The job id contains them too: `queued_track_ids` reads no job."""
    from rq import Queue

    jobs = [
        Queue.prepare_data(
            ANALYZE,
            args=[list(batch), list(hashes), time_limit],
            # Our own time limit per track applies; RQ's follows the wall clock, which may jump.
            timeout=-1,
            result_ttl=0,
            failure_ttl=60,
            job_id=f"{'-'.join(map(str, batch))}_{uuid.uuid4().hex[:8]}",
            description="",
        )
        for batch in batches
    ]
    queue.enqueue_many(jobs)


def queued_track_ids(queue: Queue) -> set[int]:
    """The ids of the tracks in the queue, without jobs that a worker has dequeued."""
    # Not `queue.job_ids`, which fails for an id that is not text: other clients may have written it.
    job_ids = queue.connection.lrange(queue.key, 0, -1)
    matching = [job_id for job_id in job_ids if isinstance(job_id, bytes) and JOB_ID.fullmatch(job_id)]
    return {int(track_id) for job_id in matching for track_id in job_id.partition(b"_")[0].split(b"-")}
