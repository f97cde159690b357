"""Analyzing without a queue: no broker, and one process beside this one, which a bad file may crash."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import track
from workers.broker.job_queue import TIME_LIMIT
from workers.host.worker_options import WorkerOptions
from workers.listener import Listener
from workers.pool.analysis_run import plan_analysis
from workers.state.analysis_progress import AnalysisReport, Progress
from workers.state.liveness import Sweeper
from workers.state.queue_feeder import pending

WAIT = 0.5
BATCH = 8
"""Tracks between two looks at how far it is."""


def analyze_here(
    database: Database,
    feature_sets: Sequence[FeatureSet],
    *,
    where: ColumnElement[bool] | None = None,
    time_limit: int = TIME_LIMIT,
    rules: WorkerOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> AnalysisReport:
    """Analyzes every pending track, one after the other, and ends when nothing is pending.

    Parameters as in `analyze_pending`. Raises WorkersFailedError.
    """
    assignment = plan_analysis(database, feature_sets, where)
    if assignment.total:
        recipe_ids = [recipe.id for recipe in assignment.recipes]
        hashes = [recipe.hash for recipe in assignment.recipes]
        query = pending(recipe_ids, assignment.scope).order_by(track.c.id).limit(BATCH)
        listener, sweeper = Listener(database, rules or WorkerOptions()), Sweeper(database)
        try:
            while assignment.progress(database).remaining:
                sweeper.sweep()
                with database.read() as connection:
                    ids = list(connection.execute(query).scalars())
                if ids:
                    listener.hear(ids, hashes, time_limit)
                else:
                    time.sleep(WAIT)  # the rest is claimed by others, who finish it or die
                if on_progress is not None:
                    on_progress(assignment.progress(database))
        finally:
            listener.end(time_limit)
    return assignment.report(database)
