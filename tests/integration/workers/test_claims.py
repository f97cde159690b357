"""Claims: one worker per track, and a death counts against the track at work."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import claim, failure, track
from catalog.db.upsert import insert_into
from catalog.features.vectors import store_vector, tracks_without_vector
from tests.integration.workers.rows import add_tracks, claimed_ids, feature_set_of, register_worker
from workers.state import claims, failures, liveness
from workers.state.failures import Failure


def test_a_track_is_claimed_by_one_worker(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 4)
        ann, bob = register_worker(connection, "ann"), register_worker(connection, "bob")
        assert claimed_ids(connection, ann, [ids[2], ids[0]], stored) == [ids[2], ids[0]]
        assert claimed_ids(connection, bob, ids, stored) == [ids[1], ids[3]]
        assert claims.release(connection, ann) == 2
        assert claimed_ids(connection, bob, ids, stored) == [ids[0], ids[2]]


def test_what_needs_nothing_is_not_claimed(database: Database) -> None:
    with database.write() as connection:
        stored, newer = feature_set_of(connection), feature_set_of(connection, version=2)
        heard, failed, half = ids = add_tracks(connection, 3)
        ann = register_worker(connection, "ann")
        for track_id, prints in ((heard, "print-0"), (half, "print-2")):
            store_vector(connection, stored, track_id, np.zeros(1, np.float32), file_signature=prints)
        store_vector(connection, newer, heard, np.zeros(1, np.float32), file_signature="print-0")
        failures.record(connection, failed, Failure("decoding", "empty", "the file is empty"), "print-1")
        (only,) = claims.reserve(connection, ann, ids, [stored.id, newer.id])
        assert (only.track_id, only.feature_set_ids) == (half, frozenset({newer.id}))
        assert not only.audio_hashes


def test_the_sound_of_stale_vectors_is_known_with_the_claim(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 2)
        ann = register_worker(connection, "ann")
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
        first, second = register_worker(connection, "a"), register_worker(connection, "b")
        assert claimed_ids(connection, first, [track_id], stored) == [track_id]

    def late(connection: Connection, table: sa.Table) -> object:
        with database.write() as other:
            assert claims.complete(other, first, track_id)
            store_vector(other, stored, track_id, np.ones(1, np.float32), file_signature="print-0")
        return insert_into(connection, table)

    monkeypatch.setattr(claims, "insert_into", late)
    with database.write() as connection:
        assert claimed_ids(connection, second, [track_id], stored) == []
        assert connection.execute(sa.select(claim)).all() == []


def test_a_result_is_late_when_the_claim_has_gone_to_another(database: Database) -> None:
    with database.write() as connection:
        stored, ids = feature_set_of(connection), add_tracks(connection, 1)
        ann, bob = register_worker(connection, "ann"), register_worker(connection, "bob")
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
            who = register_worker(connection, name)
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
            who = register_worker(connection, name)
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
        ann, bob = register_worker(connection, "ann"), register_worker(connection, "bob")
        claimed_ids(connection, ann, ids, stored)
        claims.begin(connection, ann, ids[0])
        claims.release(connection, ann, "by SIGKILL")
        assert connection.execute(sa.select(claim.c.deaths, claim.c.worker_id)).all() == [(1, None)]
        claimed_ids(connection, bob, ids, stored)
        assert claims.complete(connection, bob, ids[0])
        assert connection.execute(sa.select(claim)).all() == []
