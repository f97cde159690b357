"""The audit sample on a real database: drawn, judged blind, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.learning.dataset.exclusion import sampled_tracks
from catalog.review.audit_sample.audit_sample import (
    draw_sample,
    judge_blind,
    next_sample_track,
    open_sample,
    settle_judgment,
)
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.audit_sample.sample_estimates import estimate_sample
from catalog.review.audit_sample.sample_size import default_size
from catalog.review.case_list import Filters, list_cases
from catalog.review.case_view import view_case
from catalog.review.decision import NothingToDecideError, case_suspects, filtered_suspects, undo
from catalog.review.review_queue import next_item
from catalog.review.verdict import InvalidVerdictError
from tests.integration.conftest import DAY, insert, state
from tests.integration.review.conftest import Doubted


def test_it_is_drawn_once_kept_and_closed_by_the_next(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        plan = draw_sample(connection, 4, seed=3, overlap=2, dry_run=True)
        assert (plan.sample_id, plan.tracks, plan.overlap) == (None, 4, 2)
        assert open_sample(connection) is None
        first = draw_sample(connection, 4, seed=3, overlap=2)
        assert replace(first, sample_id=None) == plan
        rows = connection.execute(sa.select(t.audit_sample_track)).all()
        assert sum(row.weight for row in rows) == pytest.approx(6)
        assert {row.statement_id for row in rows} <= set(doubted.statements.values())
        assert set(sampled_tracks(connection)) == {row.track_id for row in rows}
        second = draw_sample(connection, 4)
        assert (second.closes, open_sample(connection)) == (first.sample_id, second.sample_id)


def test_without_a_number_it_is_as_large_as_suits_the_archive(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        assert default_size(connection) == 0, "six tracks are too few"
        assert draw_sample(connection, dry_run=True).tracks == 6, (
            "who asks for one all the same gets what there is"
        )
        place = connection.execute(sa.select(t.collection.c.id)).scalar_one()
        for number in range(94):
            track = insert(connection, t.track, collection_id=place, path=f"{number}")
            state(connection, track, "file", [doubted.genres["Jazz"]])
        refresh_track_status(connection)
        assert default_size(connection) == 30
        plan = draw_sample(connection, dry_run=True)
        assert (plan.tracks, plan.overlap) == (30, 30)


def test_missing_and_untagged_tracks_are_not_drawn(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        connection.execute(sa.update(t.track).values(state="missing"))
        with pytest.raises(NothingToDecideError, match="no tagged track"):
            draw_sample(connection, 4)


def test_a_sample_is_judged_and_estimates_the_archive(database: Database, doubted: Doubted) -> None:
    names = {track: title for title, track in doubted.tracks.items()}
    rock, pop, jazz = (doubted.genres[name] for name in ("Rock", "Pop", "Jazz"))
    with database.write() as connection:
        drawn = draw_sample(connection, 6, overlap=6)
        assert drawn.tracks == 6
        assert estimate_sample(connection) is not None
        batches = []
        for reviewer in ("ada", "bob"):
            while (blind := next_sample_track(connection, reviewer)) is not None:
                # Red is Rock whatever its tags say; the others are what they are tagged.
                title = names[blind.track_id]
                heard = rock if title.startswith("Red") else pop if title.startswith("Old") else jazz
                revealed = judge_blind(connection, blind.track_id, reviewer, genre_id=heard)
                assert revealed.is_right == (not title.startswith("Red"))
                batches.append(revealed.decided.batch)
        assert len(batches) == 12
        assert next_sample_track(connection, "carl") is None, "two reviewers are enough"
        found = estimate_sample(connection)
        assert found is not None
        assert (found.judged, found.undecided, found.archive) == (6, 0, 6)
        assert found.wrong is not None
        assert found.wrong.value == pytest.approx(0.5)
        assert found.agreement is not None
        assert found.agreement.kappa == 1.0
        (everything,) = found.by_rank
        assert everything.rank == 6
        assert everything.precision is not None
        assert everything.recall is not None
        assert (everything.precision.value, everything.recall.value) == pytest.approx((0.5, 1.0))
        assert found.accuracy is None, "there is no model"
        assert review_progress(connection).decisions == 6, "an answer that differs decides nothing"
        undo(connection, batches[-1], "bob")
        again = estimate_sample(connection)
        assert again is not None
        assert again.agreement is not None
        assert again.agreement.tracks == 5


def test_a_doubted_track_of_the_sample_is_in_no_case_until_it_was_judged(
    database: Database, doubted: Doubted
) -> None:
    with database.write() as connection:
        draw_sample(connection, 6, overlap=0)
        assert list_cases(connection, Filters(state="all")).total == 0, "all six wait to be judged blind"
        with pytest.raises(NothingToDecideError):
            case_suspects(connection, "red")
        assert filtered_suspects(connection, Filters(tagged="Metal")) == []
        question = next_item(connection, "ada")
        assert question is not None
        assert question.blind is not None
        for title in ("Red 1", "Red 3"):
            judge_blind(connection, doubted.tracks[title], "ada", genre_id=doubted.genres["Rock"])
        (case,) = list_cases(connection, Filters(state="all")).cases
        assert (case.case_id, case.tracks, case.open_tracks) == ("red", 2, 2)
        for title in ("Red 1", "Red 3"):
            settle_judgment(connection, doubted.tracks[title], "ada", "keep")
        (case,) = list_cases(connection, Filters(state="all")).cases
        assert (case.case_id, case.tracks, case.open_tracks) == ("red", 2, 0)
        assert {each.title for each in view_case(connection, "red").tracks} == {"Red 1", "Red 3"}
        connection.execute(sa.update(t.audit_sample).values(closed_at=DAY))
        assert [each.tracks for each in list_cases(connection).cases] == [3, 2, 1]
        assert next_sample_track(connection, "ada") is None


def test_a_track_for_two_reviewers_is_in_no_case_until_both_have_judged(
    database: Database, doubted: Doubted
) -> None:
    red = doubted.tracks["Red 1"]
    with database.write() as connection:
        draw_sample(connection, 6, overlap=6)
        judge_blind(connection, red, "ada", genre_id=doubted.genres["Rock"])
        assert list_cases(connection, Filters(state="all")).total == 0
        judge_blind(connection, red, "bob", genre_id=doubted.genres["Rock"])
        assert [each.title for each in view_case(connection, "red").tracks] == ["Red 1"]


def test_nobody_judges_a_track_blind_whose_tags_he_has_seen(database: Database, doubted: Doubted) -> None:
    red, rock = doubted.tracks["Red 1"], doubted.genres["Rock"]
    with database.write() as connection:
        draw_sample(connection, 6, overlap=0)
        connection.execute(sa.delete(t.audit_sample_track).where(t.audit_sample_track.c.track_id != red))
        made = judge_blind(connection, red, "ada", genre_id=rock)
        undo(connection, made.decided.batch, "ada")
        assert next_sample_track(connection, "ada") is None
        with pytest.raises(InvalidVerdictError, match="blind only once"):
            judge_blind(connection, red, "ada", genre_id=rock)
        found = estimate_sample(connection)
        assert found is not None
        assert found.judged == 0, "what was taken back does not count"
        assert next_sample_track(connection, "bob") is not None, "he has not seen them"
        assert judge_blind(connection, red, "bob", genre_id=rock).is_right is False


def test_slips(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        track = doubted.tracks["Red 1"]
        with pytest.raises(NothingToDecideError, match="not in the audit sample"):
            judge_blind(connection, track, "ada", genre_id=1)
        draw_sample(connection, 6)
        with pytest.raises(InvalidVerdictError):
            judge_blind(connection, track, "ada")
        with pytest.raises(InvalidVerdictError):
            judge_blind(connection, track, "ada", verdict="keep")
