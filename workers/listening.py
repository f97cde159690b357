"""`python -m workers.listening`: one process that hears the tracks it is told of, line by line, and says when it has.

A line to stdin is a JSON object with `track_ids`, `hashes` and `time_limit`; a line to stdout answers it with `wrong`, which is
null or what kept it from going on. Addresses with passwords come in the environment.
"""

from __future__ import annotations

import workers.host.single_threaded  # isort: skip  # noqa: F401 -- before anything numerical

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from functools import partial
from typing import IO

from catalog.audio.feature_set import FeatureSet  # noqa: F401 -- with NumPy, before any thread
from catalog.db.database import Database
from catalog.db.schema.revisions import head_revision
from catalog.log import set_up_log
from workers.host.environment import DATABASE_URL
from workers.host.parent_death import end_with_parent
from workers.host.worker_options import WorkerOptions
from workers.process.child_database import open_child_database
from workers.process.jobs import Stop, WorkerContext, enter_sandbox, work
from workers.state import liveness
from workers.state.failures import one_line


def main(arguments: Sequence[str] | None = None) -> None:
    """Hears until nothing more comes, or until the process that started this one is no more."""
    parser = argparse.ArgumentParser(prog="python -m workers.listening")
    parser.add_argument("--name", required=True)
    parser.add_argument("--parent", type=int, required=True)
    WorkerOptions.add_options(parser)
    options = parser.parse_args(arguments)
    rules = WorkerOptions.from_options(options)
    set_up_log(30, is_json=rules.is_log_json)
    end_with_parent(options.parent, signal.SIGTERM)
    Stop.listen()
    # What a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    database = open_child_database(os.environ[DATABASE_URL])
    with database.write() as connection:
        worker_id = liveness.register(connection, options.name, os.getpid())
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(database, worker_id, stop), daemon=True)
    heart.start()
    try:
        _answer(WorkerContext(database, worker_id, rules, revision=head_revision()), answers)
    finally:
        stop.set()
        heart.join()
        with database.write() as connection:
            liveness.deregister(connection, worker_id)
        database.close()


def _beat(database: Database, worker_id: int, stop: threading.Event) -> None:
    while not stop.wait(liveness.BEAT):
        with database.write() as connection:
            liveness.beat(connection, worker_id)


def _answer(desk: WorkerContext, answers: IO[str]) -> None:
    confining = partial(enter_sandbox, desk)
    for line in sys.stdin:
        said = json.loads(line)
        wrong = None
        try:
            work(
                desk,
                said["track_ids"],
                said["hashes"],
                said["time_limit"],
                confine=lambda wanted, _seconds: confining(wanted, None),
            )
        except Exception as error:  # noqa: BLE001 -- whatever it is, who asked is told
            wrong = one_line(f"{type(error).__name__}: {error}")
        answers.write(json.dumps({"wrong": wrong}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
