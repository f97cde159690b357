"""The analysis job: remote hosts, changed schemas, removed feature sets, rejected results."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.revisions import head_revision
from catalog.db.tables import (
    claim,
    collection,
    failure,
    feature_set,
    feature_vector,
    track,
)
from catalog.features.stored_feature_set import register_feature_set
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import QUIET, AddTracks, write_sound
from workers.host.root_mapping import RootMapping
from workers.host.worker_options import WorkerOptions
from workers.process import analyze_track, jobs
from workers.process.analyze_track import AnalysisRequest
from workers.process.jobs import work
from workers.process.worker_context import WorkerContext
from workers.state import claims, liveness


def analyzed_tracks(database: Database) -> set[int]:
    with database.read() as connection:
        return set(connection.execute(sa.select(feature_vector.c.track_id)).scalars())


def context_of(database: Database, options: WorkerOptions, **fields: Any) -> WorkerContext:
    with database.write() as connection:
        worker_id = liveness.register(connection, "remote", os.getpid())
    return WorkerContext(database=database, worker_id=worker_id, options=options, **fields)


def test_tracks_that_a_remote_host_cannot_see_are_left_to_others(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, gone, deeper = add_tracks(QUIET, QUIET, QUIET)
    (music / "0001.wav").unlink()
    with database.write() as connection:
        recipe = register_feature_set(connection, tiny)
        below = {"path": "disk2/x.wav", "path_bytes": b"disk2/x.wav"}
        connection.execute(sa.update(track).where(track.c.id == deeper).values(below))
        other = connection.execute(
            sa.insert(collection)
            .values(name="away", kind="folder", root="/nowhere", root_bytes=b"/nowhere")
            .returning(collection.c.id)
        ).scalar_one()
        away = connection.execute(
            sa.insert(track).values(collection_id=other, path="a", path_bytes=b"a").returning(track.c.id)
        ).scalar_one()
    monkeypatch.setattr("workers.process.jobs.RELEASE_PAUSE", 0)
    work(
        context_of(database, WorkerOptions(is_remote_host=True)),
        [away, deeper, gone, here],
        [recipe.hash],
        20,
    )
    with database.read() as connection:
        states = dict(connection.execute(sa.select(track.c.id, track.c.state)).all())
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(failure)).all() == []
    assert analyzed_tracks(database) == {here}
    assert states == {here: "present", gone: "missing", deeper: "present", away: "present"}


def test_a_wrong_mapping_makes_nothing_missing(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks, monkeypatch: pytest.MonkeyPatch
) -> None:
    (track_id,) = add_tracks(QUIET)
    with database.write() as connection:
        recipe = register_feature_set(connection, tiny)
        below = {"path": "album/x.wav", "path_bytes": b"album/x.wav"}
        connection.execute(sa.update(track).values(below))
    wrong = music.with_name("wrong")
    wrong.mkdir()
    write_sound(wrong / "something else.wav")
    monkeypatch.setattr("workers.process.jobs.RELEASE_PAUSE", 0)
    options = WorkerOptions(RootMapping.parse([f"{music}={wrong}"]), is_remote_host=True)
    work(context_of(database, options), [track_id], [recipe.hash], 20)
    with database.read() as connection:
        assert connection.execute(sa.select(track.c.state)).scalar_one() == "present"
    shutil.rmtree(wrong)


def test_a_worker_whose_schema_was_changed_touches_nothing(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    (track_id,) = add_tracks(QUIET)
    with database.write() as connection:
        recipe = register_feature_set(connection, tiny)
        connection.execute(sa.text("UPDATE catalog_version SET version_num = '9999'"))
    context = context_of(database, WorkerOptions(), revision=head_revision())
    with pytest.raises(DatabaseUnusableError, match=r"schema 9999.* restart the worker"):
        work(context, [track_id], [recipe.hash], 20)
    assert analyzed_tracks(database) == set()


def test_a_recipe_that_is_removed_in_the_middle_costs_no_failure(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    (track_id,) = add_tracks(QUIET)
    with database.write() as connection:
        requests = [AnalysisRequest(tiny, register_feature_set(connection, tiny))]
        worker_id = liveness.register(connection, "ann", os.getpid())
        (claimed,) = claims.reserve(connection, worker_id, [track_id], [requests[0].stored.id])
    outcome = analyze_track.analyze_track(claimed, requests)
    with database.write() as connection:
        connection.execute(sa.delete(feature_set))
    with database.write() as connection:
        assert jobs._store(
            connection, WorkerContext(database=database, worker_id=worker_id), claimed, requests, outcome
        )
        assert connection.execute(sa.select(feature_vector)).all() == []
        assert connection.execute(sa.select(failure)).all() == []
        assert connection.execute(sa.select(claim)).all() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_database_refuses_to_hold_costs_one_row(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    refused, fine = add_tracks(QUIET, QUIET)
    with database.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER refuse BEFORE INSERT ON feature_vector WHEN new.track_id = {refused} "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    report = analyze_in_process(database, [tiny])
    assert (report.analyzed, report.failed) == (1, 1)
    with database.read() as connection:
        assert connection.execute(sa.select(feature_vector.c.track_id)).scalars().all() == [fine]
        assert (
            connection.execute(sa.select(failure.c.message)).scalar_one() == "cannot be stored: not this one"
        )
        assert connection.execute(sa.select(claim)).all() == []
        assert (
            connection.execute(sa.select(track.c.audio_hash).where(track.c.id == refused)).scalar_one()
            is None
        )
