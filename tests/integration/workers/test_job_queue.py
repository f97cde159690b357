"""The job queue in a real Valkey: its name, and the content of its jobs."""

from __future__ import annotations

import json
import zlib

from redis import Redis
from rq import Queue

from catalog.db.database import Database, open_database
from tests.integration.workers.rows import add_tracks_without_files
from workers.broker.job_queue import queue_name
from workers.state.queue_feeder import QueueFeeder


def test_jobs_are_json_and_hold_nothing_but_ids_and_hashes(
    database: Database, queue: Queue, broker_connection: Redis
) -> None:
    recipe, ids = add_tracks_without_files(database, 1)
    with database.read() as connection:
        QueueFeeder(queue, [recipe], 7, workers=1).top_up(connection)
    assert all(key.startswith(b"music-catalog:") for key in broker_connection.scan_iter())
    (job_id,) = queue.job_ids
    data = broker_connection.hget(f"music-catalog:job:{job_id}", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == [
        "workers.process.jobs.analyze_tracks",
        None,
        [ids, [recipe.hash], 7],
        {},
    ]


def test_a_database_has_one_name_however_it_is_called(sqlite_url: str, postgresql_url: str) -> None:
    names = []
    for url in (
        sqlite_url,
        sqlite_url.replace("/home/", "/home/../home/"),
        postgresql_url,
        postgresql_url + "&application_name=x",
    ):
        database = open_database(url)
        names.append(queue_name(database))
        database.close()
    assert names[0] == names[1]
    assert names[2] == names[3]
    assert names[0] != names[2]
