"""Analyzing one track and storing the outcome, in this process: vectors, failures, missing files, late results."""

from __future__ import annotations

import os
import shutil
import wave
from pathlib import Path

import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.collection.naming.file_signature import file_signature
from catalog.db.database import Database
from catalog.db.tables import (
    claim,
    collection,
    failure,
    feature_vector,
    track,
    track_network_tag,
    worker,
)
from catalog.features.stored_feature_set import register_feature_set
from tests.integration.workers.in_process import analyze_in_process
from tests.integration.workers.sound import QUIET, RAISES, AddTracks, write_sound
from workers.process import analyze_track
from workers.process.analyze_track import AnalysisRequest
from workers.state import claims, liveness


def file_signature_of(path: Path) -> str:
    with path.open("rb") as stream:
        return file_signature(stream, path.stat().st_size)


def add_tag(path: Path) -> None:
    """Appends a chunk that is no sound, as a tag editor does."""
    with path.open("r+b") as file:
        data = file.read()
        chunk = (
            b"LIST" + (4 + 12).to_bytes(4, "little") + b"INFO" + b"IGNR" + (4).to_bytes(4, "little") + b"Folk"
        )
        file.seek(0, os.SEEK_END)
        file.write(chunk)
        file.seek(4)
        file.write((len(data) + len(chunk) - 8).to_bytes(4, "little"))


def scan_again(database: Database, path: Path, track_id: int) -> None:
    with database.write() as connection:
        status = path.stat()
        connection.execute(
            sa.update(track)
            .where(track.c.id == track_id)
            .values(size=status.st_size, mtime_ns=status.st_mtime_ns, file_signature=file_signature_of(path))
        )


def test_everything_pending_is_analyzed(database: Database, tiny: FeatureSet, add_tracks: AddTracks) -> None:
    ids = add_tracks(QUIET, 0.2, RAISES)
    report = analyze_in_process(database, [tiny])
    assert (report.analyzed, report.failed) == (2, 1)
    with database.read() as connection:
        rows = connection.execute(sa.select(feature_vector)).all()
        assert sorted(row.track_id for row in rows) == ids[:2]
        assert all(row.provenance["audio_hash"] and row.provenance["decoder"] == "PyAV" for row in rows)
        assert connection.execute(sa.select(sa.func.count()).select_from(track_network_tag)).scalar_one() == 2
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(sa.select(worker.c.stopped_at)).scalar_one() is not None
    assert analyze_in_process(database, [tiny]).analyzed == 0


def test_only_what_was_asked_for_is_analyzed(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    ids = add_tracks(*[QUIET] * 4)
    report = analyze_in_process(database, [tiny], where=track.c.id.in_(ids[:2]))
    assert report.analyzed == 2


def test_a_change_of_tags_renews_and_a_change_of_sound_analyzes_again(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    tagged, replaced = add_tracks(QUIET, QUIET)
    analyze_in_process(database, [tiny])
    with database.read() as connection:
        first = dict(
            connection.execute(sa.select(feature_vector.c.track_id, feature_vector.c.computed_at)).all()
        )
    add_tag(music / "0000.wav")
    write_sound(music / "0001.wav", 0.1)
    for track_id, name in ((tagged, "0000.wav"), (replaced, "0001.wav")):
        scan_again(database, music / name, track_id)
    report = analyze_in_process(database, [tiny])
    assert (report.analyzed, report.failed) == (2, 0)
    with database.read() as connection:
        rows = connection.execute(
            sa.select(
                feature_vector.c.track_id,
                feature_vector.c.vector,
                feature_vector.c.file_signature,
                feature_vector.c.computed_at,
            )
        ).all()
        found = {row.track_id: (round(float(row.vector[0]), 1), row.file_signature) for row in rows}
        times = {row.track_id: row.computed_at for row in rows}
    assert times[tagged] == first[tagged], "of the same sound nothing is computed again"
    assert times[replaced] > first[replaced]
    assert found == {
        tagged: (QUIET, file_signature_of(music / "0000.wav")),
        replaced: (0.1, file_signature_of(music / "0001.wav")),
    }


def test_a_file_that_changed_since_the_scan_is_heard_as_it_is(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET)
    write_sound(music / "0000.wav", 0.1, seconds=0.9)
    assert analyze_in_process(database, [tiny]).analyzed == 1
    with database.read() as connection:
        heard = connection.execute(sa.select(feature_vector.c.file_signature)).scalar_one()
        row = connection.execute(sa.select(track.c.file_signature, track.c.size)).one()
    assert heard == row.file_signature == file_signature_of(music / "0000.wav")
    assert row.size != (music / "0000.wav").stat().st_size, (
        "the next scan must see that the tags may have changed"
    )


def test_a_file_that_is_gone_becomes_missing_and_a_disk_that_is_gone_does_not(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    gone, there = add_tracks(QUIET, QUIET)
    (music / "0000.wav").unlink()
    report = analyze_in_process(database, [tiny])
    assert (report.analyzed, report.failed, report.missing) == (1, 0, 1)
    with database.read() as connection:
        rows = connection.execute(sa.select(track.c.id, track.c.state))
        assert {row.id: row.state for row in rows} == {gone: "missing", there: "present"}
        assert connection.execute(sa.select(failure)).all() == []
    add_tracks(QUIET, QUIET)
    shutil.rmtree(music)
    for _ in range(2):
        report = analyze_in_process(database, [tiny])
        assert (report.analyzed, report.failed, report.missing, report.unmounted) == (0, 0, 0, 2)
        music.mkdir(exist_ok=True)


def test_a_track_of_a_disk_that_goes_away_in_the_middle_is_given_back(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    (track_id,) = add_tracks(QUIET)
    with database.write() as connection:
        requests = [AnalysisRequest(tiny, register_feature_set(connection, tiny))]
        worker_id = liveness.register(connection, "ann", os.getpid())
        (claimed,) = claims.reserve(connection, worker_id, [track_id], [requests[0].stored.id])
    shutil.rmtree(music)
    outcome = analyze_track.analyze_track(claimed, requests)
    assert outcome.is_unmounted
    with database.write() as connection:
        assert analyze_track.store_outcome(connection, worker_id, claimed, requests, outcome)
        assert connection.execute(sa.select(track.c.state)).scalar_one() == "present"
        assert connection.execute(sa.select(claim)).all() == []


def test_a_late_result_is_dropped_whole(database: Database, tiny: FeatureSet, add_tracks: AddTracks) -> None:
    (track_id,) = add_tracks(QUIET)
    with database.write() as connection:
        requests = [AnalysisRequest(tiny, register_feature_set(connection, tiny))]
        worker_id = liveness.register(connection, "ann", os.getpid())
        (claimed,) = claims.reserve(connection, worker_id, [track_id], [requests[0].stored.id])
        outcome = analyze_track.analyze_track(claimed, requests)
        claims.release(connection, worker_id)
        assert not analyze_track.store_outcome(connection, worker_id, claimed, requests, outcome)
        assert connection.execute(sa.select(feature_vector)).all() == []
        assert connection.execute(sa.select(track.c.audio_hash)).scalar_one() is None


def test_a_recipe_that_fails_costs_the_others_nothing(
    database: Database, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    (track_id,) = add_tracks(RAISES)
    calm = FeatureSet("calm", 1, {}, ("seconds",), 8_000, lambda sound: sound.samples[:1])
    with database.write() as connection:
        requests = [
            AnalysisRequest(features, register_feature_set(connection, features)) for features in (tiny, calm)
        ]
        worker_id = liveness.register(connection, "ann", os.getpid())
        ids = [request.stored.id for request in requests]
        (claimed,) = claims.reserve(connection, worker_id, [track_id], ids)
        assert analyze_track.store_outcome(
            connection, worker_id, claimed, requests, analyze_track.analyze_track(claimed, requests)
        )
        assert connection.execute(sa.select(feature_vector.c.feature_set_id)).scalars().all() == [ids[1]]
        (row,) = connection.execute(sa.select(failure)).all()
        assert (row.feature_set_id, row.reason) == (ids[0], "error")


def test_names_that_are_no_text_are_files_like_any_other(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET)
    name = b"caf\xe9 \n.wav"
    (music / "0000.wav").rename(music / os.fsdecode(name))
    with database.write() as connection:
        connection.execute(sa.update(track).values(path_bytes=name, path="caf\\xe9"))
    assert analyze_in_process(database, [tiny]).analyzed == 1


def test_a_folder_in_the_place_of_a_file_is_a_failure(
    database: Database, music: Path, tiny: FeatureSet, add_tracks: AddTracks
) -> None:
    add_tracks(QUIET)
    (music / "0000.wav").unlink()
    (music / "0000.wav").mkdir()
    assert analyze_in_process(database, [tiny]).failed == 1
    with database.read() as connection:
        assert connection.execute(sa.select(failure.c.reason)).scalar_one() == "unreadable"


def test_a_data_set_without_files_is_never_pending(database: Database, tiny: FeatureSet) -> None:
    with database.write() as connection:
        home = connection.execute(
            sa.insert(collection).values(name="fma", kind="data_set").returning(collection.c.id)
        ).scalar_one()
        connection.execute(sa.insert(track).values(collection_id=home, external_id="2", state="metadata"))
    report = analyze_in_process(database, [tiny])
    assert (report.analyzed, report.failed, report.unmounted) == (0, 0, 0)


def test_wave_files_of_these_tests_are_what_they_say(music: Path) -> None:
    write_sound(music / "one.wav")
    with wave.open(str(music / "one.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (8_000, 4_800)
