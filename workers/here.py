"""Analysing in this process: no broker, no workers, nothing to start.

A file that crashes a library takes this process with it. Its claim stays behind and counts, so that the same command,
given again, leaves the file out after the second time; `analyze_pending` survives it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import ColumnElement

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import track
from workers import liveness
from workers.assignment import assign
from workers.feed import pending
from workers.jobs import Desk, work
from workers.progress import AnalysisReport, Progress
from workers.queue import TIME_LIMIT

WAIT = 0.5
BATCH = 8
"""Tracks between two looks at how far it is."""


def analyze_here(
    database: Database,
    feature_sets: Sequence[FeatureSet],
    *,
    where: ColumnElement[bool] | None = None,
    time_limit: int = TIME_LIMIT,
    on_progress: Callable[[Progress], None] | None = None,
) -> AnalysisReport:
    """Analyses every pending track, one after the other, and ends when nothing is pending.

    Parameters as in `analyze_pending`. A track that takes longer than the time limit ends this process.
    """
    assignment = assign(database, feature_sets, where)
    if assignment.total:
        recipe_ids = [recipe.id for recipe in assignment.recipes]
        hashes = [recipe.hash for recipe in assignment.recipes]
        query = pending(recipe_ids, assignment.scope).order_by(track.c.id).limit(BATCH)
        with _enrolled(database) as desk:
            while assignment.progress(database).remaining:
                liveness.sweep_if_needed(database)
                with database.read() as connection:
                    ids = list(connection.execute(query).scalars())
                if ids:
                    work(desk, ids, hashes, time_limit, is_stopped=lambda: False)
                else:
                    time.sleep(WAIT)  # the rest is claimed by others, who finish it or die
                if on_progress is not None:
                    on_progress(assignment.progress(database))
    return assignment.report(database)


@contextmanager
def _enrolled(database: Database) -> Iterator[Desk]:
    """Makes this process a worker, with a heartbeat."""
    with database.write() as connection:
        name = f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
        worker_id = liveness.enrol(connection, name, os.getpid())
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(liveness.BEAT):
            with database.write() as connection:
                liveness.beat(connection, worker_id)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield Desk(database, worker_id)
    finally:
        stop.set()
        heart.join()
        with database.write() as connection:
            liveness.leave(connection, worker_id)
