"""What a run of the analysis is to do, how far it is, and what it did: all asked of the database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import failure, track
from catalog.features.stored_feature_set import StoredFeatureSet, register_feature_set
from catalog.features.vectors import tracks_without_vector
from workers.host.mounted_roots import unmounted_roots
from workers.state.analysis_progress import AnalysisReport, Progress

LEAST_SECONDS = 1.0
"""A rate over less than that says nothing."""


@dataclass
class AnalysisRun:
    """Tracks to be heard for some recipes, as they were when the run began."""

    recipes: Sequence[StoredFeatureSet]
    scope: ColumnElement[bool] | None
    """A condition on `track`: what was asked for, without collections that are out of reach."""
    total: int
    out_of_reach: int
    missing: int
    started_at: datetime
    begin: float = field(default_factory=time.monotonic)
    _first_done: tuple[float, int] | None = None

    def progress(self, database: Database) -> Progress:
        """How far the run is now."""
        with database.read() as connection:
            remaining = _count(connection, [recipe.id for recipe in self.recipes], self.scope)
            failed = _count_failed(connection, self.started_at, self.scope)
        present = time.monotonic()
        done = max(0, self.total - remaining)
        if done and self._first_done is None:
            # Workers take seconds to start: the rate counts from when the first results were there.
            self._first_done = (present, done)
        since, already = self._first_done or (present, done)
        rate = (done - already) / (present - since) if present - since > LEAST_SECONDS else None
        return Progress(self.total, remaining, failed, present - self.begin, rate or None)

    def report(self, database: Database) -> AnalysisReport:
        """What was done since the start."""
        end = self.progress(database)
        with database.read() as connection:
            gone = max(0, _count_missing(connection, self.scope) - self.missing)
        analyzed = max(0, end.done - end.failed - gone)
        return AnalysisReport(analyzed, end.failed, gone, self.out_of_reach, end.seconds)


def plan_analysis(
    database: Database, feature_sets: Sequence[FeatureSet], where: ColumnElement[bool] | None = None
) -> AnalysisRun:
    """What is pending for the feature sets, whose recipes are registered by it. `where` is a condition on `track`."""
    with database.write() as connection:
        recipes = [register_feature_set(connection, features) for features in feature_sets]
        started_at = server_time(connection)
    recipe_ids = [recipe.id for recipe in recipes]
    with database.read() as connection:
        scope, total = where, _count(connection, recipe_ids, where)
        everything = total
        unreachable = unmounted_roots(connection) if total else []
        if unreachable:
            reachable = track.c.collection_id.not_in(unreachable)
            scope = reachable if where is None else sa.and_(where, reachable)
            total = _count(connection, recipe_ids, scope)
        missing = _count_missing(connection, scope)
    return AnalysisRun(recipes, scope, total, everything - total, missing, started_at)


def _count(connection: Connection, recipe_ids: Sequence[int], where: ColumnElement[bool] | None) -> int:
    query = sa.select(sa.func.count()).select_from(tracks_without_vector(recipe_ids, where).subquery())
    return connection.execute(query).scalar_one()


def _count_failed(connection: Connection, since: datetime, where: ColumnElement[bool] | None) -> int:
    query = (
        sa.select(sa.func.count(failure.c.track_id.distinct()))
        .join(track, track.c.id == failure.c.track_id)
        .where(failure.c.failed_at >= since)
    )
    return connection.execute(query if where is None else query.where(where)).scalar_one()


def _count_missing(connection: Connection, where: ColumnElement[bool] | None) -> int:
    query = sa.select(sa.func.count()).select_from(track).where(track.c.state == "missing")
    return connection.execute(query if where is None else query.where(where)).scalar_one()
