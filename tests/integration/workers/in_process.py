"""Analysis in the process of the test: the code of a worker's job, without a broker and without a child process."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import ColumnElement

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from workers.pool.analysis_run import AnalysisReport, prepare_analysis
from workers.process.jobs import work
from workers.process.worker_context import WorkerContext
from workers.state import liveness
from workers.state.queue_feeder import pending_tracks


def analyze_in_process(
    database: Database, feature_sets: Sequence[FeatureSet], where: ColumnElement[bool] | None = None
) -> AnalysisReport:
    """Analyzes every pending track. `where` is a condition on `track`."""
    run = prepare_analysis(database, feature_sets, where)
    with database.write() as connection:
        worker_id = liveness.register(connection, f"in-process-{os.urandom(4).hex()}", os.getpid())
    query = pending_tracks([stored.id for stored in run.feature_sets], run.scope)
    while True:
        with database.read() as connection:
            ids = sorted(connection.execute(query).scalars())
        if not ids:
            break
        work(
            WorkerContext(database=database, worker_id=worker_id),
            ids,
            [stored.hash for stored in run.feature_sets],
            60,
        )
    with database.write() as connection:
        liveness.deregister(connection, worker_id)
    return run.report(database)
