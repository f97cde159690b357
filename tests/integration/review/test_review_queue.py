"""The review queue: cases mixed with tracks of the audit sample."""

from __future__ import annotations

from catalog.db.database import Database
from catalog.review.audit_sample.audit_sample import draw_sample, judge_blind
from catalog.review.case_list import list_cases
from catalog.review.decision import case_suspects, decide
from catalog.review.lease import holder
from catalog.review.review_queue import next_item
from tests.integration.review.conftest import Doubted


def test_who_skips_goes_through_all_cases_though_a_track_of_the_sample_is_due(
    database: Database, doubted: Doubted
) -> None:
    with database.write() as connection:
        draw_sample(connection, 2, overlap=0)
        first = next_item(connection, "ada", every=1)
        assert first is not None
        assert first.blind is not None
        cases: list[str] = []
        key, last_case = first.key, None
        for _ in range(list_cases(connection).total):
            behind = [each for each in (last_case, first.key) if each is not None]
            skipped = next_item(connection, "ada", after=key, behind=behind, mixed=False, every=1)
            assert skipped is not None
            assert skipped.case_id is not None, "and not the track again that was skipped a moment ago"
            key = last_case = skipped.case_id
            cases.append(key)
        assert len(set(cases)) == len(cases) > 1
        due = next_item(connection, "ada", behind=[key, first.key], every=1)
        assert due is not None
        assert due.blind is not None
        assert due.key != first.key, "the next track, not the one skipped"
        after = next_item(connection, "ada", after=due.key, behind=[cases[0], due.key], every=1)
        assert after is not None
        assert after.case_id == cases[1], "behind the case seen last, not the gravest again"


def test_the_sample_is_mixed_into_the_queue_blind(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        draw_sample(connection, 3, overlap=0)
        seen: list[str] = []
        key = None
        while (question := next_item(connection, "ada", after=key, every=2)) is not None:
            key = question.key
            if question.blind is not None:
                seen.append("sample")
                assert not {"path", "genre", "tags"} & {*question.blind.__slots__}
                judge_blind(connection, question.blind.track_id, "ada", genre_id=doubted.genres["Rock"])
            else:
                seen.append("case")
                assert question.case_id is not None
                doubts = case_suspects(connection, question.case_id)
                decide(connection, doubts[:1], "keep", "ada")
        assert seen[:4] == ["case", "sample", "case", "sample"]
        assert seen.count("sample") == 3
        assert list_cases(connection).total == 0


def test_a_skipped_track_of_the_sample_comes_again_later(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        draw_sample(connection, 2, overlap=0)
        first = next_item(connection, "ada", every=1)
        assert first is not None
        assert first.blind is not None
        second = next_item(connection, "ada", after=first.key, every=1)
        assert second is not None
        assert second.case_id is not None
        assert holder(connection, first.key) is None
        by_bob = next_item(connection, "bob", every=1)
        assert by_bob is not None
        assert by_bob.key == first.key
