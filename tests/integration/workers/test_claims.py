"""Claims: nobody works on a track twice at once, and a death counts against the track that was at work."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_set import FeatureSet
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import claim, collection, failure, track, worker
from catalog.features.stored_feature_set import StoredFeatureSet, register_feature_set
from catalog.features.vectors import store_vector, tracks_without_vector
from workers.state import claims, failures, liveness
from workers.state.failures import Failure


def feature_set_of(connection: Connection, version: int = 1) -> StoredFeatureSet:
    return register_feature_set(
        connection, FeatureSet("tiny", version, {}, ("a",), 8_000, lambda _: np.zeros(1, np.float32))
    )


def add_tracks(connection: Connection, count: int) -> list[int]:
    home = connection.execute(
        sa.insert(collection)
        .values(name="music", kind="folder", root="/music", root_bytes=b"/music")
        .returning(collection.c.id)
    ).scalar_one()
    rows = [
        {"collection_id": home, "path": str(n), "path_bytes": b"%d" % n, "file_signature": f"print-{n}"}
        for n in range(count)
    ]
    return [
        connection.execute(sa.insert(track).values(row).returning(track.c.id)).scalar_one() for row in rows
    ]


def enrol(connection: Connection, name: str, pid: int = 1) -> int:
    return liveness.register(connection, name, pid)


def claimed_ids(
    connection: Connection, worker_id: int, ids: list[int], stored: StoredFeatureSet
) -> list[int]:
    return [one.track_id for one in claims.reserve(connection, worker_id, ids, [stored.id])]


def test_a_track_is_claimed_by_one_worker(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 4)
        ann, bob = enrol(connection, "ann"), enrol(connection, "bob")
        assert claimed_ids(connection, ann, [ids[2], ids[0]], stored) == [ids[2], ids[0]]
        assert claimed_ids(connection, bob, ids, stored) == [ids[1], ids[3]]
        assert claims.release(connection, ann) == 2
        assert claimed_ids(connection, bob, ids, stored) == [ids[0], ids[2]]


def test_what_needs_nothing_is_not_claimed(database: Database) -> None:
    with database.write() as connection:
        stored, newer = feature_set_of(connection), feature_set_of(connection, version=2)
        heard, failed, half = ids = add_tracks(connection, 3)
        ann = enrol(connection, "ann")
        for track_id, prints in ((heard, "print-0"), (half, "print-2")):
            store_vector(connection, stored, track_id, np.zeros(1, np.float32), file_signature=prints)
        store_vector(connection, newer, heard, np.zeros(1, np.float32), file_signature="print-0")
        failures.record(connection, failed, Failure("decoding", "empty", "the file is empty"), "print-1")
        (only,) = claims.reserve(connection, ann, ids, [stored.id, newer.id])
        assert (only.track_id, only.feature_set_ids, only.audio_hashes) == (half, {newer.id}, frozenset())


def test_the_sound_of_stale_vectors_is_known_with_the_claim(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 2)
        ann = enrol(connection, "ann")
        for track_id, provenance in zip(ids, ({"audio_hash": "abc"}, None), strict=True):
            store_vector(
                connection,
                stored,
                track_id,
                np.zeros(1, np.float32),
                file_signature="old",
                provenance=provenance,
            )
        first, second = claims.reserve(connection, ann, ids, [stored.id])
        assert first.audio_hashes == {"abc"}
        assert second.audio_hashes == frozenset()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_another_finishes_between_question_and_claim_is_not_claimed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        stored = feature_set_of(connection)
        (track_id,) = add_tracks(connection, 1)
        first, second = enrol(connection, "a"), enrol(connection, "b")
        assert claimed_ids(connection, first, [track_id], stored) == [track_id]
    plain = claims.insert_into

    def late(connection: Connection, table: sa.Table) -> object:
        with database.write() as other:
            assert claims.complete(other, first, track_id)
            store_vector(other, stored, track_id, np.ones(1, np.float32), file_signature="print-0")
        return plain(connection, table)

    monkeypatch.setattr(claims, "insert_into", late)
    with database.write() as connection:
        assert claimed_ids(connection, second, [track_id], stored) == []
        assert connection.execute(sa.select(claim)).all() == []


def test_a_result_is_late_when_the_claim_has_gone_to_another(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 1)
        ann, bob = enrol(connection, "ann"), enrol(connection, "bob")
        claimed_ids(connection, ann, ids, stored)
        liveness.deregister(connection, ann)
        claimed_ids(connection, bob, ids, stored)
        assert not claims.complete(connection, ann, ids[0])
        assert claims.complete(connection, bob, ids[0])
        assert not claims.complete(connection, bob, ids[0])


def test_the_second_death_makes_a_failure_and_only_of_the_track_at_work(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 2)
        for name in ("ann", "bob"):
            who = enrol(connection, name)
            claimed_ids(connection, who, ids, stored)
            claims.begin(connection, who, ids[1])
            liveness.deregister(connection, who, "by SIGSEGV")
        (row,) = connection.execute(sa.select(failure)).all()
        assert (row.track_id, row.stage, row.reason) == (ids[1], "features", "poison")
        assert row.message == "killed two workers, the last by SIGSEGV"
        assert connection.execute(sa.select(claim)).all() == []
        assert connection.execute(tracks_without_vector([stored.id])).scalars().all() == [ids[0]]
        newer = feature_set_of(connection, version=2)
        connection.execute(sa.update(failure).values(failed_at=now() - timedelta(hours=1)))
        assert set(connection.execute(tracks_without_vector([newer.id])).scalars()) == set(ids)


@pytest.mark.parametrize("is_changed", [False, True])
def test_deaths_are_of_a_file_not_of_a_name(database: Database, is_changed: bool) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 1)
        for name in ("ann", "bob"):
            who = enrol(connection, name)
            claimed_ids(connection, who, ids, stored)
            claims.begin(connection, who, ids[0])
            claims.release(connection, who, "by SIGKILL")
            if is_changed:
                connection.execute(sa.update(track).values(file_signature=f"after {name}"))
        failed = connection.execute(sa.select(failure)).all()
        assert bool(failed) is not is_changed


def test_a_success_wipes_deaths_out(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 1)
        ann, bob = enrol(connection, "ann"), enrol(connection, "bob")
        claimed_ids(connection, ann, ids, stored)
        claims.begin(connection, ann, ids[0])
        claims.release(connection, ann, "by SIGKILL")
        assert connection.execute(sa.select(claim.c.deaths, claim.c.worker_id)).all() == [(1, None)]
        claimed_ids(connection, bob, ids, stored)
        assert claims.complete(connection, bob, ids[0])
        assert connection.execute(sa.select(claim)).all() == []


def test_failures_count_attempts_and_can_be_tried_again(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 2)
        for _ in range(3):
            failures.record(connection, ids[0], Failure("decoding", "empty", "the file\nis empty"), "print-0")
        failures.record(connection, ids[1], Failure("features", "error", "x" * 900, stored.id), "print-1")
        failures.record(connection, ids[1], Failure("decoding", "empty", "\x1b[2Jhostile"), "print-1")
        listed = failures.list_failures(connection)
        assert [(one.track_id, one.reason, one.attempts) for one in listed] == [
            (ids[0], "empty", 3),
            (ids[1], "empty", 1),
            (ids[1], "error", 1),
        ]
        assert listed[0].message == "the file is empty"
        assert "\x1b" not in listed[1].message
        assert len(listed[2].message) == failures.MAX_MESSAGE_LENGTH
        assert listed[2].feature_set == "tiny"
        assert connection.execute(tracks_without_vector([stored.id])).all() == []
        assert failures.retry(connection, failure.c.reason == "error", dry_run=True) == 1
        assert failures.retry(connection, failure.c.reason == "empty") == 2
        assert connection.execute(tracks_without_vector([stored.id])).scalars().all() == [ids[0]]
        failures.clear(connection, ids[1], [stored.id])
        assert failures.list_failures(connection) == []


def silence(connection: Connection, worker_id: int, seconds: float) -> None:
    beat = liveness.server_time(connection) - timedelta(seconds=seconds)
    connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(heartbeat_at=beat))


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_jumps_neither_revives_failures_nor_extends_them(
    database: Database, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Failure("decoding", "silent", "nothing but zeros")
    with database.write() as connection:
        first = feature_set_of(connection)
        (track_id,) = add_tracks(connection, 1)
        monkeypatch.setattr("catalog.db.server_time.now", lambda: now() + timedelta(hours=hours))
        failures.record(connection, track_id, silent, "print-0")
        assert connection.execute(tracks_without_vector([first.id])).all() == [], "it failed for this stored"
        monkeypatch.undo()
        newer = feature_set_of(connection, version=2)
        assert connection.execute(tracks_without_vector([newer.id])).scalars().all() == [track_id], (
            "not for a newer one"
        )


def test_a_sweep_finds_those_whose_process_is_gone_and_those_long_silent(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 4)
        beating, gone, elsewhere, asleep = (enrol(connection, name) for name in "abcd")
        connection.execute(sa.update(worker).where(worker.c.id == gone).values(pid=2**22 + 1))
        connection.execute(sa.update(worker).where(worker.c.id == elsewhere).values(host="another"))
        for worker_id, track_id in zip((beating, gone, elsewhere, asleep), ids, strict=True):
            claimed_ids(connection, worker_id, [track_id], stored)
            claims.begin(connection, worker_id, track_id)
        silence(connection, gone, 15)
        silence(connection, elsewhere, 15)
        silence(connection, asleep, 15)
        assert liveness.sweep(connection) == 1
        silence(connection, elsewhere, 90)
        silence(connection, asleep, 90)
        assert liveness.sweep(connection) == 2
        rows = connection.execute(sa.select(claim.c.track_id, claim.c.worker_id, claim.c.deaths))
        left = {row.track_id: (row.worker_id, row.deaths) for row in rows}
        assert left == {ids[0]: (beating, 0), ids[1]: (None, 1), ids[2]: (None, 1)}
        liveness.beat(connection, asleep)
        living = connection.execute(sa.select(worker.c.id).where(worker.c.stopped_at.is_(None))).scalars()
        assert set(living) == {beating, asleep}


def test_old_rows_of_workers_are_cleared_away(database: Database) -> None:
    with database.write() as connection:
        ann, bob = enrol(connection, "ann"), enrol(connection, "bob")
        liveness.deregister(connection, ann)
        assert liveness.deregister_by_name(connection, "bob", None)
        assert not liveness.deregister_by_name(connection, "nobody", None)
        connection.execute(
            sa.update(worker).where(worker.c.id == ann).values(stopped_at=now() - timedelta(days=2))
        )
        liveness.sweep(connection)
        assert connection.execute(sa.select(worker.c.id)).scalars().all() == [bob]
