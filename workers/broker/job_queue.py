"""The queue of one catalog in the broker: named by its database, so that catalogs can share a Redis."""

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

ANALYZE, TASK = "workers.process.jobs.analyze_tracks", "workers.process.task.run_task"
"""The names of the jobs; a worker runs no other."""
TIME_LIMIT = 120
"""Seconds for one track, unless told otherwise."""
JOB_ID = re.compile(rb"[0-9]{1,19}(?:-[0-9]{1,19})*_[0-9a-f]{8}")


def queue_name(database: Database) -> str:
    """A name that every host gives the same database, whatever it calls the server."""
    if database.is_sqlite:
        with database.read() as connection:
            file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
        identity = f"{socket.gethostname()}:{file}"
    else:
        with database.read() as connection:
            identity = ":".join(
                str(part)
                for part in connection.execute(
                    sa.text(
                        "SELECT s.system_identifier, d.oid FROM pg_control_system() s "
                        "JOIN pg_database d ON d.datname = current_database()"
                    )
                ).one()
            )
    return f"catalog-{hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()}"


def open_queue(name: str, connection: Redis) -> Queue:
    """The queue, with JSON for everything that goes through it."""
    from rq import Queue
    from rq.serializers import JSONSerializer

    return Queue(name, connection=connection, serializer=JSONSerializer)


def queue_length(name: str, connection: Redis) -> int:
    """How many jobs are in the queue of that name; asked without RQ, which takes long to import."""
    return connection.llen(f"{os.environ['RQ_KEY_PREFIX']}:queue:{name}")


def enqueue(queue: Queue, batches: Sequence[Sequence[int]], hashes: Sequence[str], time_limit: int) -> None:
    """Puts in one job for each batch of track ids. The ids are the job's name too, so that `queued` reads no job."""
    from rq import Queue

    jobs = [
        Queue.prepare_data(
            ANALYZE,
            args=[list(batch), list(hashes), time_limit],
            # Ours is the limit that counts, track by track; RQ's would go by a clock that may jump.
            timeout=-1,
            result_ttl=0,
            failure_ttl=60,
            job_id=f"{'-'.join(map(str, batch))}_{uuid.uuid4().hex[:8]}",
            description="",
        )
        for batch in batches
    ]
    queue.enqueue_many(jobs)


def queued(queue: Queue) -> set[int]:
    """The ids of the tracks in the queue, those not counted that a worker has taken out."""
    # Not by `queue.job_ids`, which fails at a name that is no text: anybody may have put it there.
    waiting = queue.connection.lrange(queue.key, 0, -1)
    names = [name for name in waiting if isinstance(name, bytes) and JOB_ID.fullmatch(name)]
    return {int(track_id) for name in names for track_id in name.partition(b"_")[0].split(b"-")}
