"""Analysing all that is pending, on workers that this command starts."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from catalog.audio.feature_set import FeatureSet
from catalog.collection.recipes import Recipe, register
from catalog.db.database import Database
from catalog.db.tables import track
from catalog.settings import Settings
from workers import liveness
from workers.broker import Broker, BrokerUnreachable, open_broker
from workers.crew import Crew
from workers.feed import Feeder
from workers.progress import Progress, Tally, count_missing, count_unheard
from workers.queue import TIME_LIMIT, open_queue, queue_name
from workers.reach import out_of_reach

log = logging.getLogger(__name__)

TRACKS_A_WORKER = 4
"""A process takes seconds to start: with fewer tracks for it, it is not worth it."""
TICK = 0.25
SWEEP = 2.0
SHARE_OF_COUNTING = 0.05
BROKER_PATIENCE = 120.0
"""Seconds for which a broker that has gone is waited for."""


@dataclass(frozen=True)
class AnalysisReport:
    """What a run of the analysis did."""

    analysed: int
    failed: int
    missing: int
    """Files that were found to be gone."""
    out_of_reach: int
    """Tracks left pending because their collection's folder is not there."""
    seconds: float


def analyze_pending(
    database: Database,
    settings: Settings,
    feature_sets: Sequence[FeatureSet],
    *,
    workers: int | None = None,
    where: ColumnElement[bool] | None = None,
    time_limit: int = TIME_LIMIT,
    on_progress: Callable[[Progress], None] | None = None,
) -> AnalysisReport:
    """Has workers analyse every pending track, and ends when nothing is pending.

    `workers` processes are started (by default one a core, fewer for few tracks) and end with this command, also where
    it is killed. `where` is a condition on `track` that narrows what is done; `time_limit` is in seconds a track.
    Other commands and other hosts may do the same at the same time. KeyboardInterrupt lets the workers finish their
    present tracks and is raised again. Raises BrokerUnreachable and WorkersFailed.
    """
    begin = time.monotonic()
    with database.write() as connection:
        recipes = [register(connection, features) for features in feature_sets]
        started_at = liveness.clock(connection)
    recipe_ids = [recipe.id for recipe in recipes]
    with database.read() as connection:
        unreachable = out_of_reach(connection)
        everything = count_unheard(connection, recipe_ids, where)
        scope = _and_not(where, unreachable)
        total = count_unheard(connection, recipe_ids, scope) if unreachable else everything
        missing = count_missing(connection, scope)
    tally = Tally(recipe_ids, total, started_at)
    if total:
        size = max(1, min(workers or os.cpu_count() or 1, -(-total // TRACKS_A_WORKER)))
        with open_broker(settings.redis_url, settings.run) as broker:
            crew = Crew(
                database,
                broker,
                queue_name(database),
                [features.name for features in feature_sets],
                settings.run / "workers.log",
            )
            run = _Run(database, broker, crew, recipes, scope, time_limit, size)
            run.until_done(tally, on_progress)
    with database.read() as connection:
        end = tally.count(connection, scope)
        gone = max(0, count_missing(connection, scope) - missing)
    return AnalysisReport(
        analysed=max(0, end.done - end.failed - gone),
        failed=end.failed,
        missing=gone,
        out_of_reach=everything - total,
        seconds=time.monotonic() - begin,
    )


def _and_not(where: ColumnElement[bool] | None, collections: Sequence[int]) -> ColumnElement[bool] | None:
    if not collections:
        return where
    reachable = track.c.collection_id.not_in(collections)
    return reachable if where is None else sa.and_(where, reachable)


@dataclass
class _Run:
    database: Database
    broker: Broker
    crew: Crew
    recipes: Sequence[Recipe]
    scope: ColumnElement[bool] | None
    time_limit: int
    size: int

    def until_done(self, tally: Tally, on_progress: Callable[[Progress], None] | None) -> None:
        steward = Steward(self.database, self.broker, self.crew, self.recipes, self.time_limit, self.size)
        next_count = 0.0
        try:
            while True:
                steward.look_after(self.scope)
                if time.monotonic() >= next_count:
                    before = time.monotonic()
                    with self.database.read() as connection:
                        progress = tally.count(connection, self.scope)
                    cost = time.monotonic() - before
                    next_count = time.monotonic() + max(TICK, cost / SHARE_OF_COUNTING)
                    if on_progress is not None:
                        on_progress(progress)
                    if progress.remaining == 0:
                        break
                time.sleep(TICK)
            self.crew.drain(self.time_limit)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """Lets the workers finish their present tracks; a second Ctrl-C does not wait for that."""
        try:
            self.crew.drain(self.time_limit)
        except KeyboardInterrupt:
            self.crew.kill()


class Steward:
    """Keeps a crew at its size, the queue fed and the dead buried; to be called a few times a second."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        crew: Crew,
        recipes: Sequence[Recipe],
        time_limit: int,
        size: int,
    ) -> None:
        self._database = database
        self._broker = broker
        self._crew = crew
        self._size = size
        queue = open_queue(queue_name(database), broker.connect())
        self._feeder = Feeder(queue, [(recipe.id, recipe.hash) for recipe in recipes], time_limit, size)
        self._next_sweep = 0.0
        self._away_since: float | None = None

    def look_after(self, where: ColumnElement[bool] | None) -> None:
        """One round. Raises BrokerUnreachable when the broker stays away, WorkersFailed as `Crew.bury`."""
        self._crew.bury()
        self._crew.hire(self._size)
        self._sweep()
        self._feed(where)

    def _sweep(self) -> None:
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + SWEEP
        with self._database.read() as connection:
            found = liveness.has_dead(connection)
        if found:
            with self._database.write() as connection:
                liveness.sweep(connection)

    def _feed(self, where: ColumnElement[bool] | None) -> None:
        try:
            with self._database.read() as connection:
                self._feeder.top_up(connection, where)
            self._away_since = None
        except redis.RedisError as error:
            # A broker that is full or away loses nothing: what is pending the database says.
            log.warning("the broker does not take jobs: %s", type(error).__name__)
            since = self._away_since = self._away_since or time.monotonic()
            try:
                self._broker.revive()
            except BrokerUnreachable:
                if time.monotonic() - since > BROKER_PATIENCE:
                    raise
