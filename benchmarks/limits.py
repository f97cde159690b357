"""Where one Redis and one database end: jobs and tracks that sleep instead of listening.

    python benchmarks/limits.py [--workers N]... [--pause MS]... [--jobs N] [--tracks N] [--sqlite | --postgresql]
    [--json]

Of the queue: RQ workers run jobs that sleep; Valkey says what processor time it took for each. Of the database:
processes claim tracks four at a time, sleep, and store a vector each as a worker does. What is printed as the end is
what one core of the server could do if the clients were without limit: it runs on one thread (Valkey) or on as many
cores as it is given (PostgreSQL); on SQLite the writers share the file, so that their own time inside transactions is
what ends it.
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

os.environ.setdefault("RQ_KEY_PREFIX", "music-catalog")  # before rq is imported

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

MADE = multiprocessing.get_context("fork")


def work_off(url: str, begin: Any) -> None:
    """Runs the jobs of the queue until there are none."""
    queue = Queue("limits", connection=Redis.from_url(url), serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.log_result_lifespan = False
    begin.wait()
    worker.work(burst=True, logging_level="CRITICAL")


def of_the_queue(workers: int, pause: float, jobs: int) -> dict[str, float]:
    """Jobs a second with so many workers, and what a job costs Valkey."""
    with tempfile.TemporaryDirectory() as folder, open_broker(None, Path(folder) / "run") as broker:
        connection = Redis.from_url(broker.url)
        queue = Queue("limits", connection=connection, serializer=JSONSerializer)
        queue.enqueue_many(
            Queue.prepare_data("time.sleep", args=[pause / 1000], result_ttl=0, timeout=-1)
            for _ in range(jobs)
        )
        begin = MADE.Barrier(workers + 1)
        processes = [MADE.Process(target=work_off, args=(broker.url, begin)) for _ in range(workers)]
        for process in processes:
            process.start()
        begin.wait()
        before, began = cpu(connection), time.perf_counter()
        for process in processes:
            process.join()
        seconds = time.perf_counter() - began
        server = (cpu(connection) - before) / jobs
        assert queue.count == 0
    return {
        "jobs a second": jobs / seconds,
        "ms of Valkey a job": 1000 * server,
        "jobs a second, its end": 1 / server,
    }


def cpu(connection: "Redis[bytes]") -> float:
    said = connection.info("cpu")
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def store_tracks(
    url: str, number: int, workers: int, tracks: int, pause: float, begin: Any, spent: Any
) -> None:
    """Claims and stores this process's share of the tracks, as a worker does."""
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


def of_the_database(kind: str, workers: int, pause: float, tracks: int) -> dict[str, float]:
    """Tracks a second with so many workers, and what a track costs the server or, on SQLite, those who write."""
    with tempfile.TemporaryDirectory(prefix="l") as folder, DATABASES[kind](Path(folder)) as url:
        database = open_database(url)
        fill(database, tracks)
        database.close()
        begin, spent = MADE.Barrier(workers + 1), MADE.Queue()
        processes = [
            MADE.Process(target=store_tracks, args=(url, number, workers, tracks, pause, begin, spent))
            for number in range(workers)
        ]
        for process in processes:
            process.start()
        begin.wait()
        server = postmaster(url) if kind == "postgresql" else None
        before, began = server_seconds(server), time.perf_counter()
        clients = sum(spent.get() for _ in processes)
        seconds = time.perf_counter() - began
        for process in processes:
            process.join()
        cost = (server_seconds(server) - before if server is not None else clients) / tracks
    return {
        "tracks a second": tracks / seconds,
        "ms of the client a track": 1000 * clients / tracks,
        "ms of one core of the database a track": 1000 * cost,
        "tracks a second, end of one core": 1 / cost,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, action="append", help="may be repeated [1, 4 and 16]")
    parser.add_argument("--pause", type=float, action="append", help="ms a job or track sleeps [0 and 10]")
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--tracks", type=int, default=2_000)
    parser.add_argument("--sqlite", action="append_const", dest="kinds", const="sqlite")
    parser.add_argument("--postgresql", action="append_const", dest="kinds", const="postgresql")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for workers in arguments.workers or [1, 4, 16]:
        for pause in arguments.pause or [0.0, 10.0]:
            case = f"{workers} workers, {pause:g} ms"
            found[f"queue, {case}"] = of_the_queue(workers, pause, arguments.jobs)
            for kind in arguments.kinds or DATABASES:
                found[f"{kind}, {case}"] = of_the_database(kind, workers, pause, arguments.tracks)
            print(case, file=sys.stderr, flush=True)
    if arguments.as_json:
        print(json.dumps(found, indent=1))
    else:
        for case, numbers in found.items():
            print(case, *(f"{name}: {number:.3g}" for name, number in numbers.items()), sep="; ")


if __name__ == "__main__":
    main()
