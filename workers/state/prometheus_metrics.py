"""What Prometheus is told: how the work stands, all asked of the database, whatever process answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from sqlalchemy import Connection

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import claim, failure, track, worker
from catalog.errors import CatalogError
from catalog.learning.registry.default_feature_sets import feature_sets_to_compute
from catalog.settings import Settings
from workers.broker.broker import BrokerUnreachableError
from workers.state import liveness
from workers.state.queue_status import count_jobs, count_pending
from workers.state.worker_stats import BOUNDS

log = logging.getLogger(__name__)

SHARE = 0.05
"""Of the time that may go into asking: a count that takes a second is asked for every twenty."""
LEAST_INTERVAL, LONGEST_INTERVAL = 5.0, 60.0
"""Seconds between two counts. A server that stood still in the middle of one makes it seem a costly one."""


class MetricsServerError(CatalogError):
    """An address that cannot be listened at, with what to do about it."""


@dataclass(frozen=True)
class _Standing:
    """How the work stood at one time."""

    states: Mapping[str, int]
    pending: int
    claimed: int
    failures: Mapping[str, int]
    alive: int
    silent: int


@dataclass(frozen=True)
class _Done:
    """What one worker has done since it began."""

    host: str
    analyzed: int
    failed: int
    seconds: float
    durations: Sequence[int]


class WorkCollector(Collector):
    """The metrics of one catalog. What workers have done is remembered, for their rows are cleared away after a day."""

    def __init__(
        self, database: Database, feature_sets: Sequence[FeatureSet], settings: Settings | None
    ) -> None:
        self._database = database
        self._feature_sets = feature_sets
        self._settings = settings
        self._standing: _Standing | None = None
        self._next = 0.0
        self._done: dict[str, _Done] = {}

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not need the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now; the counts of tracks may be some seconds old."""
        try:
            self._ask()
        except sa.exc.DBAPIError as error:
            log.warning("the database does not answer: %s", type(error.orig).__name__)
            yield GaugeMetricFamily("catalog_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("catalog_database_up", "Whether the database answers.", 1)
        if self._standing is not None:
            yield from _gauges(self._standing)
        yield from _counters(list(self._done.values()))
        yield from self._depth()

    def _ask(self) -> None:
        before = time.monotonic()
        with self._database.read() as connection:
            if before >= self._next:
                needed = self._feature_sets or [
                    feature_set(name) for name in feature_sets_to_compute(connection)
                ]
                self._standing = _ask_standing(connection, needed)
                after = time.monotonic()
                self._next = after + min(max(LEAST_INTERVAL, (after - before) / SHARE), LONGEST_INTERVAL)
            columns = worker.c
            rows = connection.execute(
                sa.select(
                    columns.name,
                    columns.host,
                    columns.analyzed,
                    columns.failed,
                    columns.seconds,
                    columns.durations,
                )
            )
            for name, *done in rows:
                self._done[name] = _Done(*done)

    def _depth(self) -> Iterator[Metric]:
        if self._settings is None:
            return
        try:
            jobs = count_jobs(self._database, self._settings)
        except BrokerUnreachableError:
            jobs = None
        yield GaugeMetricFamily("catalog_broker_up", "Whether the broker answers.", int(jobs is not None))
        if jobs is not None:
            yield GaugeMetricFamily("catalog_queue_jobs", "Jobs in the queue, of many tracks each.", jobs)


def collector(
    database: Database, feature_sets: Sequence[FeatureSet] = (), settings: Settings | None = None
) -> Collector:
    """The metrics of a catalog, to be registered once a process.

    Pending is what lacks one of the feature sets; where none is given, of those that new tracks need. With `settings` the
    queue's depth is among them.
    """
    return WorkCollector(database, feature_sets, settings)


@contextmanager
def serve_metrics(
    database: Database, settings: Settings, feature_sets: Sequence[FeatureSet], host: str, port: int | None
) -> Iterator[None]:
    """Answers Prometheus at this address for as long as it is open; without a port it does nothing.

    Raises MetricsServerError.
    """
    if port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(collector(database, feature_sets, settings))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise MetricsServerError(
            f"metrics cannot be served at {host}:{port} ({error.strerror}); name another --metrics-port"
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ask_standing(connection: Connection, feature_sets: Sequence[FeatureSet]) -> _Standing:
    states = connection.execute(sa.select(track.c.state, sa.func.count()).group_by(track.c.state))
    claimed = sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
    failures = connection.execute(
        sa.select(failure.c.reason, sa.func.count(failure.c.track_id.distinct())).group_by(failure.c.reason)
    )
    silent = worker.c.heartbeat_at < server_time(connection) - liveness.LOST
    living = connection.execute(
        sa.select(sa.func.count(), sa.func.count().filter(silent)).where(worker.c.stopped_at.is_(None))
    ).one()
    return _Standing(
        states=dict(states.all()),
        pending=count_pending(connection, feature_sets),
        claimed=connection.execute(claimed).scalar_one(),
        failures=dict(failures.all()),
        alive=living[0] - living[1],
        silent=living[1],
    )


def _gauges(standing: _Standing) -> Iterator[Metric]:
    tracks = GaugeMetricFamily("catalog_tracks", "Tracks by their state.", labels=["state"])
    for state, count in sorted(standing.states.items()):
        tracks.add_metric([state], count)
    yield tracks
    yield GaugeMetricFamily(
        "catalog_tracks_pending", "Tracks to be analyzed, claimed ones too.", standing.pending
    )
    yield GaugeMetricFamily("catalog_tracks_claimed", "Tracks that workers hold.", standing.claimed)
    failed = GaugeMetricFamily(
        "catalog_tracks_failing", "Tracks that could not be analyzed.", labels=["reason"]
    )
    for reason, count in sorted(standing.failures.items()):
        failed.add_metric([reason], count)
    yield failed
    yield GaugeMetricFamily("catalog_workers_alive", "Workers with a recent heartbeat.", standing.alive)
    yield GaugeMetricFamily("catalog_workers_silent", "Workers without one.", standing.silent)


def _counters(done: Sequence[_Done]) -> Iterator[Metric]:
    analyzed = CounterMetricFamily("catalog_tracks_analyzed", "Tracks analyzed.", labels=["host"])
    failed = CounterMetricFamily("catalog_tracks_failed", "Tracks that failed.", labels=["host"])
    seconds = HistogramMetricFamily("catalog_track_seconds", "Seconds that a track took.", labels=["host"])
    for host in sorted({one.host for one in done}):
        here = [one for one in done if one.host == host]
        analyzed.add_metric([host], sum(one.analyzed for one in here))
        failed.add_metric([host], sum(one.failed for one in here))
        classes = [
            sum(column) for column in zip(*(one.durations for one in here if one.durations), strict=True)
        ]
        counts = accumulate(classes or [0] * (len(BOUNDS) + 1))
        names = [*map(floatToGoString, BOUNDS), "+Inf"]
        seconds.add_metric([host], list(zip(names, counts, strict=True)), sum(one.seconds for one in here))
    yield from (analyzed, failed, seconds)
