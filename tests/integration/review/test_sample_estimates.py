"""Estimates from the audit sample."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.review.audit_sample.audit_sample import (
    draw_sample,
    judge_blind,
    settle_judgment,
)
from catalog.review.audit_sample.sample_estimates import estimate_sample
from tests.integration.review.conftest import Doubted


def test_a_second_judgment_counts_against_the_tags_that_were_drawn(
    database: Database, doubted: Doubted
) -> None:
    with database.write() as connection:
        draw_sample(connection, 6, overlap=6)
        track = doubted.tracks["Red 2"]
        assert judge_blind(connection, track, "ada", genre_id=doubted.genres["Jazz"]).is_right is False
        second = judge_blind(connection, track, "bob", genre_id=doubted.genres["Metal"])
        assert (second.is_right, second.genres) == (True, ("Metal", "Folk"))
        question = sa.text("SELECT genre FROM current_label WHERE track_id = :track ORDER BY rank")
        assert list(connection.execute(question, {"track": track}).scalars()) == ["Metal", "Folk"]
        narrower = judge_blind(connection, track, "carl", genre_id=doubted.genres["Death Metal"])
        assert narrower.is_right is True, "a narrower genre does not say that the tag is wrong"
        broader = judge_blind(connection, doubted.tracks["Red 1"], "ada", genre_id=doubted.genres["Rock"])
        assert (broader.is_right, broader.is_broader) == (False, True)
        assert estimate(connection) == pytest.approx((2, (1 / 3 + 1) / 2))
        settle_judgment(connection, doubted.tracks["Red 1"], "ada", "keep")
        assert estimate(connection) == pytest.approx((2, (1 / 3 + 0) / 2))
        silent = judge_blind(connection, doubted.tracks["Old 1"], "ada", verdict="unsure")
        assert silent.is_right is None
        found = estimate_sample(connection)
        assert found is not None
        assert (found.judged, found.undecided) == (2, 1)


def estimate(connection: sa.Connection) -> tuple[int, float]:
    found = estimate_sample(connection)
    assert found is not None
    assert found.wrong is not None
    return found.judged, found.wrong.value
