"""Failures: attempts, retries, and clocks that jump."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import failure
from catalog.features.vectors import tracks_without_vector
from tests.integration.workers.rows import add_tracks, feature_set_of
from workers.state import failures
from workers.state.failures import Failure


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
