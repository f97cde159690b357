"""Redo of an undo."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.review.audit_sample.audit_sample import draw_sample, judge_blind
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.decision import (
    NothingToDecideError,
    case_suspects,
    decide,
    last_batch,
    undo,
)
from catalog.review.redo import last_undo, redo
from catalog.review.verdict import InvalidVerdictError
from tests.integration.review.conftest import Doubted
from tests.integration.review.decided_cases import labels, open_tracks


def test_undos_are_redone_batch_by_batch_until_a_new_decision(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        assert last_undo(connection, "ada") is None
        first = decide(connection, case_suspects(connection, "red"), "accept", "ada")
        second = decide(connection, case_suspects(connection, "old"), "keep", "ada")
        undo(connection, second.batch, "ada")
        undo(connection, first.batch, "ada")
        assert last_undo(connection, "bob") is None
        again = redo(connection, last_undo(connection, "ada") or "")
        assert (again.verdict, again.track_ids, again.messages) == ("accept", first.track_ids, ())
        assert labels(connection, doubted, "Red 2") == ["Rock", "Folk"]
        assert open_tracks(connection) == {"sad": 2, "old": 1}
        undo(connection, last_batch(connection, reviewer="ada") or "", "ada")
        assert labels(connection, doubted, "Red 2") == ["Metal", "Folk"]
        for _ in range(2):
            redo(connection, last_undo(connection, "ada") or "")
        assert last_undo(connection, "ada") is None
        assert open_tracks(connection) == {"sad": 2}
        progress = review_progress(connection)
        assert (progress.decisions, progress.undone) == (4, 0)
        assert track_status_differences(connection) == 0
    with database.write() as connection:
        before = last_batch(connection, reviewer="ada") or ""
        undo(connection, before, "ada")
        undone = last_undo(connection, "ada") or ""
        decide(connection, case_suspects(connection, "sad"), "keep", "ada")
        assert last_undo(connection, "ada") is None, "who goes on has made up his mind"
        redo(connection, undone)
        with pytest.raises(NothingToDecideError, match="no undo"):
            redo(connection, undone)


def test_redo_keeps_reviewer_and_blindness(database: Database, doubted: Doubted) -> None:
    track, jazz = doubted.tracks["Red 2"], doubted.genres["Jazz"]
    with database.write() as connection:
        draw_sample(connection, 6)
        made = judge_blind(connection, track, "ada", genre_id=jazz).decided
        undo(connection, made.batch, "bob")
        with pytest.raises(InvalidVerdictError, match="blind only once"):
            judge_blind(connection, track, "ada", genre_id=jazz)
        connection.execute(sa.insert(t.statement).values(track_id=track, source="import"))
        refresh_track_status(connection, [track])
        again = redo(connection, last_undo(connection, "bob") or "")
        assert again.messages == (
            "1 track with changed tags since you opened the case: your decision is stored",
        )
        row = connection.execute(sa.select(t.decision).order_by(t.decision.c.id.desc()).limit(1)).one()
    assert (row.reviewer, row.verdict, row.chosen_genre_id, row.blind, row.source) == (
        "ada",
        "relabel",
        jazz,
        True,
        "sample",
    )
