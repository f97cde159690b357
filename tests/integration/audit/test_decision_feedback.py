"""Decisions move suspects of the same pair of genres and the same artist, from the first decision on."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audit.labels.decision_feedback import Feedback, load_feedback, shifted
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.review.case_list import list_cases
from catalog.review.decision import case_suspects, decide, last_batch, undo
from tests.integration.review.conftest import Doubted, doubted

__all__ = ["doubted"]


def test_without_decisions_nothing_moves() -> None:
    assert Feedback().shift(1, 2, 3) == 0
    assert shifted(0.84, 0.0) == pytest.approx(0.84)


def test_the_rate_is_shrunken_and_a_batch_counts_by_the_root_of_its_size(
    database: Database, doubted: Doubted
) -> None:
    metal, rock = doubted.genres["Metal"], doubted.genres["Rock"]
    with database.write() as connection:
        decide(connection, case_suspects(connection, "red"), "keep", "ada")
        feedback = load_feedback(connection)
        red = connection.execute(sa.select(t.artist.c.id).where(t.artist.c.name == "Red")).scalar_one()
    assert feedback.by_pair[metal, rock] == pytest.approx((3**0.5, 0))
    overall = 1 / (3**0.5 + 2)
    rate = 2 * overall / (3**0.5 + 2)
    odds = [each / (1 - each) for each in (rate, overall)]
    once = odds[0] / odds[1]
    assert 2.718281828 ** feedback.shift(metal, rock, None) == pytest.approx(once, rel=1e-6)
    assert 2.718281828 ** feedback.shift(metal, rock, red) == pytest.approx(once**2, rel=1e-6)
    assert feedback.shift(doubted.genres["Jazz"], rock, None) == 0


def other_case(connection: sa.Connection, doubted: Doubted) -> None:
    """Gives Sad the question of Red: tagged Metal, suggested Rock; and puts it between the others."""
    genres = {"genre_id": doubted.genres["Metal"], "suggested_genre_id": doubted.genres["Rock"]}
    is_sad = t.review_case.c.case_id == "sad"
    connection.execute(sa.update(t.review_case).where(is_sad).values(**genres, suspicion=0.45))
    keys = sa.select(t.review_case.c.id).where(is_sad).scalar_subquery()
    connection.execute(sa.update(t.suspect).where(t.suspect.c.review_case_id == keys).values(**genres))
    tracks = [doubted.tracks["Sad 1"], doubted.tracks["Sad 2"]]
    statements = sa.select(t.statement.c.id).where(t.statement.c.track_id.in_(tracks))
    connection.execute(
        sa.update(t.label)
        .where(t.label.c.statement_id.in_(statements), t.label.c.rank == 0)
        .values(genre_id=doubted.genres["Metal"])
    )


def test_one_decision_reorders_the_queue_at_once(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        other_case(connection, doubted)
        assert [case.case_id for case in list_cases(connection).cases] == ["red", "sad", "old"]
        first = case_suspects(connection, "red", scope="track", track_id=doubted.tracks["Red 1"])
        decide(connection, first, "keep", "ada")
        cases = list_cases(connection).cases
        assert [case.case_id for case in cases] == ["red", "old", "sad"], "red itself keeps its place"
        assert [case.number for case in cases] == [1, 3, 2], "numbers stay"
        batch = last_batch(connection, reviewer="ada")
        assert batch is not None
        undo(connection, batch, "ada")
        assert [case.case_id for case in list_cases(connection).cases] == ["red", "sad", "old"]


def test_an_accepted_suggestion_moves_its_like_up(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        other_case(connection, doubted)
        connection.execute(
            sa.update(t.review_case).where(t.review_case.c.case_id == "sad").values(suspicion=0.35)
        )
        assert [case.case_id for case in list_cases(connection).cases] == ["red", "old", "sad"]
        decide(connection, case_suspects(connection, "old"), "keep", "ada")
        decide(connection, case_suspects(connection, "red"), "accept", "ada")
        feedback = load_feedback(connection)
        assert feedback.shift(doubted.genres["Metal"], doubted.genres["Rock"], None) > 0
        assert feedback.shift(doubted.genres["Pop"], doubted.genres["Rock"], None) < 0


def test_decisions_before_the_audit_are_not_counted_twice(
    database: Database, doubted: Doubted, tmp_path: Path
) -> None:
    with database.write() as connection:
        other_case(connection, doubted)
        first = case_suspects(connection, "red", scope="track", track_id=doubted.tracks["Red 1"])
        decide(connection, first, "keep", "ada")
        moment = connection.execute(sa.select(t.decision.c.decided_at)).scalar_one()
        assert load_feedback(connection, moment) == Feedback()
        connection.execute(sa.update(t.audit).values(finished_at=moment))
        assert [case.case_id for case in list_cases(connection).cases] == ["red", "sad", "old"]
