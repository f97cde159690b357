"""Queue status, advice and synchronization."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.server_time import server_time
from catalog.db.tables import feature_vector, worker
from catalog.features.stored_feature_set import register_feature_set
from catalog.settings import Settings
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import open_broker
from workers.broker.job_queue import open_queue, queue_name
from workers.state import claims, liveness
from workers.state.queue_status import count_jobs, queue_status, synchronize


def test_status_says_who_is_at_work_on_what_and_sync_gives_back(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(*[QUIET] * 3)
    assert queue_status(database, [tiny]).pending == 3
    with database.write() as connection:
        recipe = register_feature_set(connection, tiny)
        dead = liveness.register(connection, "dead", 2**22 + 1)
        claims.reserve(connection, dead, ids[:2], [recipe.id])
        claims.begin(connection, dead, ids[1])
        past = server_time(connection) - 2 * liveness.LOST_AFTER
        connection.execute(sa.update(worker).values(heartbeat_at=past))
    status = queue_status(database, [tiny])
    assert (status.pending, status.claimed, status.failed) == (3, 2, 0)
    assert count_jobs(database, settings) is None
    (one,) = status.workers
    assert (one.track_id, one.path) == (ids[1], "0001.wav")
    assert one.seconds_silent >= 89
    assert status.advice is not None
    assert "queue sync" in status.advice
    with open_broker(None, settings.run) as broker:
        assert synchronize(database, broker, [tiny]) == (1, 3)
        jobs = count_jobs(database, settings)
        with broker.connect() as connection:
            assert jobs == open_queue(queue_name(database), connection).count > 0
    status = queue_status(database, [tiny])
    assert (status.claimed, status.workers) == (0, [])
    assert status.advice == "no worker is running; run: catalog analyze, or on a server: catalog worker"


def test_status_says_how_fast_it_goes_and_who_hangs(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    done = add_tracks(*[QUIET] * 4)
    analyze_in_process(database, [tiny])
    with database.write() as connection:
        old = server_time(connection) - timedelta(minutes=3)
        connection.execute(
            sa.update(feature_vector).where(feature_vector.c.track_id == done[0]).values(computed_at=old)
        )
    add_tracks(*[QUIET] * 8)
    status = queue_status(database, [tiny])
    assert (status.analyzed_last_minute, status.tracks_a_minute) == (3, 0.8)
    assert status.minutes_left is None, "no worker is running"
    with database.write() as connection:
        connection.execute(sa.update(worker).values(stopped_at=None, version="0.0.1"))
    status = queue_status(database, [tiny])
    assert status.workers[0].analyzed == 4
    assert status.minutes_left == pytest.approx(10)
    assert status.advice == "workers run version 0.0.1; restart them with that of this host"


def test_status_says_what_waits_for_a_disk(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET, QUIET)
    music.rename(music.with_name("unplugged"))
    with database.write() as connection:
        liveness.register(connection, "ann", 1)
    status = queue_status(database, [tiny])
    assert (status.pending, status.unmounted) == (2, 2)
    assert status.advice == "2 tracks wait for a disk that is not mounted here"
