"""Measure the limits of one Redis and one database, with jobs and tracks that sleep instead of analyzing.

    python benchmarks/limits.py [--workers N]... [--pause MS]... [--jobs N] [--tracks N] [--sqlite | --postgresql]
    [--json]

Queue: RQ workers run jobs that sleep, and Valkey reports its processor time. Database: processes claim tracks four at a
time, sleep, and store one vector per track, as a worker does. The printed limit is the rate that one core of the server
could process with unlimited clients. Valkey runs on one thread, PostgreSQL on all its cores. On SQLite the writers
share the file, so their own time inside transactions is the limit.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("RQ_KEY_PREFIX", "music-catalog")  # set before the import of rq

from import_fma import postmaster, server_seconds
from questions import DATABASES
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from writer import Writer
from writers import fill

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import open_database
from catalog.features.stored_feature_set import find_feature_set
from workers.broker.broker import open_broker
from workers.state import liveness

FORK = multiprocessing.get_context("fork")


def run_jobs(url: str, begin: Any) -> None:
    """Run the jobs of the queue until it is empty."""
    queue = Queue("limits", connection=Redis.from_url(url), serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.log_result_lifespan = False
    begin.wait()
    worker.work(burst=True, logging_level="CRITICAL")


def measure_queue(workers: int, pause: float, jobs: int) -> dict[str, float]:
    """Jobs per second with `workers` workers, and the processor time of Valkey per job."""
    with tempfile.TemporaryDirectory() as folder, open_broker(None, Path(folder) / "run") as broker:
        connection = Redis.from_url(broker.url)
        queue = Queue("limits", connection=connection, serializer=JSONSerializer)
        queue.enqueue_many(
            Queue.prepare_data("time.sleep", args=[pause / 1000], result_ttl=0, timeout=-1)
            for _ in range(jobs)
        )
        begin = FORK.Barrier(workers + 1)
        processes = [FORK.Process(target=run_jobs, args=(broker.url, begin)) for _ in range(workers)]
        for process in processes:
            process.start()
        begin.wait()
        before, started = cpu(connection), time.perf_counter()
        for process in processes:
            process.join()
        seconds = time.perf_counter() - started
        server = (cpu(connection) - before) / jobs
        assert queue.count == 0
    return {
        "jobs per second": jobs / seconds,
        "ms of Valkey per job": 1000 * server,
        "jobs per second, limit of one core": 1 / server,
    }


def cpu(connection: "Redis[bytes]") -> float:
    info = connection.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def store_tracks(
    url: str, number: int, workers: int, tracks: int, pause: float, begin: Any, spent: Any
) -> None:
    """Claim and store this process's share of the tracks, as a worker does."""
    database = open_database(url)
    with database.write() as connection:
        recipe = find_feature_set(connection, feature_set("musicnn").hash)
        assert recipe is not None
        writer = Writer(
            str(number), liveness.register(connection, f"limit {number}", os.getpid()), recipe, tracks
        )
    share = list(range(1 + number, tracks + 1, workers))
    begin.wait()
    before = time.process_time()
    while share:
        batch, share = share[:4], share[4:]
        with database.write() as connection:
            writer.claim(connection, batch)
        while writer.claimed:
            time.sleep(pause / 1000)
            with database.write() as connection:
                writer.store(connection)
    spent.put(time.process_time() - before)
    database.close()


def measure_database(kind: str, workers: int, pause: float, tracks: int) -> dict[str, float]:
    """Tracks per second with `workers` workers, and the processor time per track.

    It is that of the server, or on SQLite that of the writers.
    """
    with tempfile.TemporaryDirectory(prefix="l") as folder, DATABASES[kind](Path(folder)) as url:
        database = open_database(url)
        fill(database, tracks)
        database.close()
        begin, spent = FORK.Barrier(workers + 1), FORK.Queue()
        processes = [
            FORK.Process(target=store_tracks, args=(url, number, workers, tracks, pause, begin, spent))
            for number in range(workers)
        ]
        for process in processes:
            process.start()
        begin.wait()
        server = postmaster(url) if kind == "postgresql" else None
        before, started = server_seconds(server), time.perf_counter()
        clients = sum(spent.get() for _ in processes)
        seconds = time.perf_counter() - started
        for process in processes:
            process.join()
        cost = (server_seconds(server) - before if server is not None else clients) / tracks
    return {
        "tracks per second": tracks / seconds,
        "ms of the client per track": 1000 * clients / tracks,
        "ms of one core of the database per track": 1000 * cost,
        "tracks per second, limit of one core": 1 / cost,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--workers", type=int, action="append", help="number of workers; repeatable [1, 4 and 16]"
    )
    parser.add_argument(
        "--pause", type=float, action="append", help="sleep per job or track in ms; repeatable [0 and 10]"
    )
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--tracks", type=int, default=2_000)
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for workers in arguments.workers or [1, 4, 16]:
        for pause in arguments.pause or [0.0, 10.0]:
            case = f"{workers} workers, {pause:g} ms"
            results[f"queue, {case}"] = measure_queue(workers, pause, arguments.jobs)
            for kind in arguments.kinds or DATABASES:
                results[f"{kind}, {case}"] = measure_database(kind, workers, pause, arguments.tracks)
            print(case, file=sys.stderr, flush=True)
    if arguments.as_json:
        print(json.dumps(results, indent=1))
    else:
        for case, numbers in results.items():
            print(case, *(f"{name}: {number:.3g}" for name, number in numbers.items()), sep="; ")


if __name__ == "__main__":
    main()
