"""One run of the analysis: its plan, progress and report, all queried from the database."""

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
from workers.host.root_mapping import unmounted_roots

MIN_SECONDS = 1.0
"""Seconds of work before a rate is computed."""


@dataclass(frozen=True)
class Progress:
    """The progress of a run of the analysis."""

    total: int
    """Tracks that were pending at the start."""
    remaining: int
    """Tracks that are not done, including those at work."""
    failed: int
    """Tracks that have failed since the start."""
    seconds: float
    """Since the start."""
    per_second: float | None
    """Tracks per second; None until it can be estimated."""

    @property
    def done(self) -> int:
        """Tracks that are done, including failed ones."""
        return max(0, self.total - self.remaining)

    @property
    def remark(self) -> str:
        """Failures and rate, "2 failed, 4.1 a second"; before the first result "starting workers"."""
        if self.total and not self.done:
            return "starting workers"
        parts = []
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.per_second:
            parts.append(f"{self.per_second:.1f} a second")
        return ", ".join(parts)


@dataclass(frozen=True)
class AnalysisReport:
    """The results of a run of the analysis."""

    analyzed: int
    failed: int
    missing: int
    """Files that do not exist any more."""
    unmounted: int
    """Tracks that stay pending because the folder of their collection is not mounted."""
    seconds: float


@dataclass
class AnalysisRun:
    """The tracks to analyze and their feature sets, as of the start of the run."""

    feature_sets: Sequence[StoredFeatureSet]
    scope: ColumnElement[bool] | None
    """A condition on `track`: the requested tracks without those of unmounted collections."""
    total: int
    unmounted: int
    missing: int
    started_at: datetime
    begin: float = field(default_factory=time.monotonic)
    _first_done: tuple[float, int] | None = None

    def progress(self, database: Database) -> Progress:
        """The present progress of the run."""
        with database.read() as connection:
            remaining = _count(connection, [stored.id for stored in self.feature_sets], self.scope)
            failed = _count_failed(connection, self.started_at, self.scope)
        present = time.monotonic()
        done = max(0, self.total - remaining)
        if done and self._first_done is None:
            # Workers take seconds to start: the rate counts from the first results.
            self._first_done = (present, done)
        since, already_done = self._first_done or (present, done)
        rate = (done - already_done) / (present - since) if present - since > MIN_SECONDS else None
        return Progress(self.total, remaining, failed, present - self.begin, rate or None)

    def report(self, database: Database) -> AnalysisReport:
        """The results since the start."""
        end = self.progress(database)
        with database.read() as connection:
            missing = max(0, _count_missing(connection, self.scope) - self.missing)
        analyzed = max(0, end.done - end.failed - missing)
        return AnalysisReport(analyzed, end.failed, missing, self.unmounted, end.seconds)


def prepare_analysis(
    database: Database, feature_sets: Sequence[FeatureSet], where: ColumnElement[bool] | None = None
) -> AnalysisRun:
    """Registers the feature sets and counts their pending tracks. `where` is a condition on `track`."""
    with database.write() as connection:
        stored = [register_feature_set(connection, features) for features in feature_sets]
        started_at = server_time(connection)
    ids = [one.id for one in stored]
    with database.read() as connection:
        scope, total = where, _count(connection, ids, where)
        requested = total
        unmounted = unmounted_roots(connection) if total else []
        if unmounted:
            mounted = track.c.collection_id.not_in(unmounted)
            scope = mounted if where is None else sa.and_(where, mounted)
            total = _count(connection, ids, scope)
        missing = _count_missing(connection, scope)
    return AnalysisRun(stored, scope, total, requested - total, missing, started_at)


def _count(connection: Connection, feature_set_ids: Sequence[int], where: ColumnElement[bool] | None) -> int:
    query = sa.select(sa.func.count()).select_from(tracks_without_vector(feature_set_ids, where).subquery())
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
