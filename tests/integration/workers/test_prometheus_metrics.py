"""Prometheus metrics of a catalog, and the server that offers them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import Database, open_database
from catalog.db.tables import track, worker
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.settings import Settings
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import QUIET, RAISES, AddTracks
from workers.broker.broker import open_broker
from workers.state.prometheus_metrics import CatalogCollector, MetricsServerError, serve_metrics


def parse_metrics(text: str) -> dict[tuple[str, str], float]:
    """Sample name and its label's value -> number."""
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    return parse_metrics(generate_latest(registry).decode())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_what_is_told_is_what_the_database_says(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET, QUIET, RAISES)
    registry = CollectorRegistry()
    collector = CatalogCollector(database, [tiny], settings)
    registry.register(collector)
    before = scrape(registry)
    assert before["catalog_tracks_pending", ""] == 3
    assert before["catalog_tracks", "present"] == 3
    assert before["catalog_broker_up", ""] == 0
    analyze_in_process(database, [tiny])
    collector._throttle.postpone(0)
    after = scrape(registry)
    host = socket.gethostname()
    assert after["catalog_database_up", ""] == 1
    assert after["catalog_tracks_pending", ""] == 0
    assert after["catalog_tracks_failing", "error"] == 1
    assert after["catalog_tracks_analyzed_total", host] == 2
    assert after["catalog_tracks_failed_total", host] == 1
    assert after["catalog_track_seconds_count", host] == 3
    assert after["catalog_track_seconds_bucket", f"{host},+Inf"] == 3
    assert after["catalog_workers_alive", ""] == 0
    with database.write() as connection:
        connection.execute(sa.delete(worker))
    assert scrape(registry)["catalog_tracks_analyzed_total", host] == 2, "a counter never goes back"


def test_a_database_that_is_away_is_told_too(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(CatalogCollector(open_database(f"sqlite:///{tmp_path / 'absent.db'}")))
    assert scrape(registry) == {("catalog_database_up", ""): 0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_endpoint_answers_on_this_host_and_says_when_it_cannot(
    database: Database, settings: Settings
) -> None:
    port = free_port()
    with serve_metrics(database, settings, [], "127.0.0.1", port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert parse_metrics(answer.read().decode())["catalog_tracks_pending", ""] == 0
        with (
            pytest.raises(MetricsServerError, match=rf"127\.0\.0\.1:{port} .*--metrics-port"),
            serve_metrics(database, settings, [], "127.0.0.1", port),
        ):
            pass
    with serve_metrics(database, settings, [], "127.0.0.1", None):
        pass


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_health_and_readiness(database: Database, settings: Settings) -> None:
    port = free_port()
    assert database.file is not None
    with serve_metrics(database, settings, [], "127.0.0.1", port):
        assert fetch(port, "/healthz") == (200, "ok\n")
        assert fetch(port, "/readyz") == (503, "database: ok\nredis: does not answer\n")
        for path in ("/", "/health", "/metrics/", "/favicon.ico"):
            assert fetch(port, path)[0] == 404
        with open_broker(None, settings.run):
            assert fetch(port, "/readyz") == (200, "database: ok\nredis: ok\n")
            database.close()
            database.file.rename(database.file.with_suffix(".away"))
            assert fetch(port, "/readyz") == (503, "database: does not answer\nredis: ok\n")
            assert fetch(port, "/healthz") == (200, "ok\n")
        external = Settings(settings.home, settings.database_url, "redis://localhost:1/0")
    with serve_metrics(database, external, [], "127.0.0.1", port):
        assert "redis: does not answer" in fetch(port, "/readyz")[1]


def test_without_names_pending_is_what_lacks_either_of_the_usual_ones(
    database: Database, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET)
    for name, left in (("musicnn", 1), ("summary", 0)):
        with database.write() as connection:
            recipe = register_feature_set(connection, feature_set(name))
            track_id = connection.execute(sa.select(track.c.id)).scalar_one()
            vector = np.zeros(len(recipe.dimensions), np.float32)
            store_vector(connection, recipe, track_id, vector)
        registry = CollectorRegistry()
        registry.register(CatalogCollector(database))
        assert scrape(registry)["catalog_tracks_pending", ""] == left
