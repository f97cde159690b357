"""Analyzing what is pending with real worker processes, a real Valkey and both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import (
    claim,
    failure,
    feature_vector,
    track,
    track_descriptor,
    track_network_tag,
    worker,
)
from catalog.settings import Settings
from tests.integration.workers.sound import CRASHES, EXITS, HANGS, QUIET, RAISES, AddTracks
from workers.pool.analyze_pending import analyze_pending


def test_everything_pending_is_analyzed_once(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(*[0.1, 0.2, QUIET] * 8)
    seen: list[Any] = []
    report = analyze_pending(database, settings, [tiny], workers=2, on_progress=seen.append)
    assert (report.analyzed, report.failed, report.missing, report.unmounted) == (24, 0, 0, 0)
    assert seen[-1].remaining == 0
    assert seen[-1].total == 24
    with database.read() as connection:
        vectors = connection.execute(sa.select(feature_vector.c.track_id, feature_vector.c.vector)).all()
        assert sorted(row.track_id for row in vectors) == ids
        assert {round(float(row.vector[0]), 1) for row in vectors} == {0.1, 0.2, 0.3}
        assert connection.execute(sa.select(sa.func.count()).select_from(claim)).scalar_one() == 0
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(track_network_tag)).scalar_one() == 24
        )
        assert connection.execute(sa.select(sa.func.count(track_descriptor.c.loudness))).scalar_one() == 24
        facts = connection.execute(sa.select(track.c.codec, track.c.sample_rate, track.c.channels)).all()
        assert set(facts) == {("pcm_s16le", 8_000, 1)}
        workers = connection.execute(sa.select(worker.c.stopped_at)).scalars().all()
        assert len(workers) == 2
        assert None not in workers
    assert not (settings.run / "valkey.sock").exists()
    assert analyze_pending(database, settings, [tiny]).seconds < 1


def test_a_bad_file_costs_one_row(
    database: Database, settings: Settings, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    good = add_tracks(*[QUIET] * 6)
    (exits, crashes, hangs, raises) = add_tracks(EXITS, CRASHES, HANGS, RAISES)
    (short,) = add_tracks(QUIET, seconds=0.1)
    good += add_tracks(*[QUIET] * 6)
    report = analyze_pending(database, settings, [tiny], workers=2, time_limit=1)
    assert (report.analyzed, report.failed) == (12, 5)
    with database.read() as connection:
        failures = {row.track_id: row for row in connection.execute(sa.select(failure))}
        vectors = connection.execute(sa.select(feature_vector.c.track_id)).scalars().all()
        claims = connection.execute(sa.select(claim)).all()
    assert sorted(vectors) == sorted(good)
    assert claims == []
    assert failures[exits].message == "killed two workers, the last with exit code 3"
    assert failures[crashes].message == "killed two workers, the last by SIGSEGV"
    assert {failures[track_id].reason for track_id in (exits, crashes, hangs)} == {"poison"}
    assert (failures[raises].stage, failures[raises].reason) == ("features", "error")
    assert failures[raises].message == "ValueError: too loud for me"
    assert (failures[short].stage, failures[short].reason) == ("decoding", "too-short")
    again = analyze_pending(database, settings, [tiny], workers=2, time_limit=1)
    assert (again.analyzed, again.failed) == (0, 0)
