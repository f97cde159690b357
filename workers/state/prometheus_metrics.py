"""Prometheus metrics of a catalog, collected from the database by any process."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, make_wsgi_app, start_http_server
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
from workers.state.readiness import add_health_endpoints, check_services
from workers.state.throttle import Throttle
from workers.state.worker_stats import BUCKET_BOUNDS

log = logging.getLogger(__name__)

MIN_INTERVAL, MAX_INTERVAL = 5.0, 60.0
"""Seconds between two counts of tracks."""


class MetricsServerError(CatalogError):
    """The metrics cannot be served at this address."""


class CatalogCollector(Collector):
    """The metrics of one catalog, to be registered once per process.

    Tracks are pending if they lack one of the feature sets, by default of those that new tracks need. With `settings`
    the metrics include the queue length. The counts of workers are remembered, because their rows are deleted after a
    day.
    """

    def __init__(
        self, database: Database, feature_sets: Sequence[FeatureSet] = (), settings: Settings | None = None
    ) -> None:
        self._database = database
        self._feature_sets = feature_sets
        self._settings = settings
        self._track_metrics: list[Metric] = []
        self._throttle = Throttle(MIN_INTERVAL, MAX_INTERVAL)
        self._workers: dict[str, sa.Row[Any]] = {}

    def describe(self) -> list[Metric]:
        """An empty list: the registration must not need the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The present metrics. The counts of tracks may be some seconds old."""
        try:
            self._update()
        except sa.exc.DBAPIError as error:
            log.warning("the database does not answer: %s", type(error.orig).__name__)
            yield GaugeMetricFamily("catalog_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("catalog_database_up", "Whether the database answers.", 1)
        yield from self._track_metrics
        yield from _counters(list(self._workers.values()))
        yield from self._queue_metrics()

    def _update(self) -> None:
        with self._database.read() as connection:
            if self._throttle.is_due():
                feature_sets = self._feature_sets or [
                    feature_set(name) for name in feature_sets_to_compute(connection)
                ]
                self._track_metrics = self._throttle.run(lambda: _track_metrics(connection, feature_sets))
            self._workers |= {row.name: row for row in connection.execute(sa.select(worker))}

    def _queue_metrics(self) -> Iterator[Metric]:
        if self._settings is None:
            return
        try:
            jobs = count_jobs(self._database, self._settings)
        except BrokerUnreachableError:
            jobs = None
        yield GaugeMetricFamily("catalog_broker_up", "Whether Redis answers.", int(jobs is not None))
        if jobs is not None:
            yield GaugeMetricFamily("catalog_queue_jobs", "Jobs in the queue, of many tracks each.", jobs)


@contextmanager
def serve_metrics(
    database: Database, settings: Settings, feature_sets: Sequence[FeatureSet], host: str, port: int | None
) -> Iterator[None]:
    """Serves metrics and health at this address while the context is open; without a port it does nothing.

    Raises MetricsServerError.
    """
    if port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(CatalogCollector(database, feature_sets, settings))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise MetricsServerError(
            f"metrics cannot be served at {host}:{port} ({error.strerror}); set another --metrics-port"
        ) from None
    server.set_app(add_health_endpoints(make_wsgi_app(registry), lambda: check_services(database, settings)))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _track_metrics(connection: Connection, feature_sets: Sequence[FeatureSet]) -> list[Metric]:
    states = connection.execute(sa.select(track.c.state, sa.func.count()).group_by(track.c.state))
    claimed = connection.execute(
        sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
    ).scalar_one()
    failures = connection.execute(
        sa.select(failure.c.reason, sa.func.count(failure.c.track_id.distinct())).group_by(failure.c.reason)
    )
    is_silent = worker.c.heartbeat_at < server_time(connection) - liveness.LOST_AFTER
    running, silent = connection.execute(
        sa.select(sa.func.count(), sa.func.count().filter(is_silent)).where(worker.c.stopped_at.is_(None))
    ).one()
    pending = count_pending(connection, feature_sets)
    return [
        _labeled("catalog_tracks", "Tracks by state.", "state", dict(states.all())),
        GaugeMetricFamily("catalog_tracks_pending", "Pending tracks, including claimed ones.", pending),
        GaugeMetricFamily("catalog_tracks_claimed", "Tracks claimed by workers.", claimed),
        _labeled(
            "catalog_tracks_failing", "Tracks that could not be analyzed.", "reason", dict(failures.all())
        ),
        GaugeMetricFamily("catalog_workers_alive", "Workers with a recent heartbeat.", running - silent),
        GaugeMetricFamily("catalog_workers_silent", "Workers without a recent heartbeat.", silent),
    ]


def _labeled(name: str, description: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, description, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _counters(workers: Sequence[sa.Row[Any]]) -> Iterator[Metric]:
    analyzed = CounterMetricFamily("catalog_tracks_analyzed", "Tracks analyzed.", labels=["host"])
    failed = CounterMetricFamily("catalog_tracks_failed", "Tracks that failed.", labels=["host"])
    seconds = HistogramMetricFamily("catalog_track_seconds", "Seconds per track.", labels=["host"])
    names = [*map(floatToGoString, BUCKET_BOUNDS), "+Inf"]
    for host in sorted({row.host for row in workers}):
        rows = [row for row in workers if row.host == host]
        analyzed.add_metric([host], sum(row.analyzed for row in rows))
        failed.add_metric([host], sum(row.failed for row in rows))
        histograms = [row.durations for row in rows if row.durations]
        buckets = accumulate(map(sum, zip(*histograms, [0] * len(names), strict=True)))
        seconds.add_metric([host], list(zip(names, buckets, strict=True)), sum(row.seconds for row in rows))
    yield from (analyzed, failed, seconds)
