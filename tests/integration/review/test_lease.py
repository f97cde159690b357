"""Leases: several reviewers at once, in real threads with connections of their own, never get the same case."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.review.case_list import Filters, list_cases
from catalog.review.decision import case_suspects, decide
from catalog.review.lease import LEASE, acquire, holder, next_case, release
from tests.integration.review.conftest import Doubted


def together(work: Callable[[int], str | None], number: int) -> list[str | None]:
    """What each of several threads gets that start at the same moment."""
    gate = threading.Barrier(number)

    def run(who: int) -> str | None:
        gate.wait()
        return work(who)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))


def test_every_case_goes_to_one_of_those_who_ask_at_once(database: Database, doubted: Doubted) -> None:
    def ask(who: int) -> str | None:
        with database.write() as connection:
            return next_case(connection, f"reviewer {who}")

    got = together(ask, 6)
    assert sorted(case for case in got if case is not None) == ["old", "red", "sad"]
    assert got.count(None) == 3


def test_a_search_that_goes_on_behind_a_case_comes_round_to_it(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        for case_id in ("red", "old"):
            decide(connection, case_suspects(connection, case_id), "keep", "ada")
        assert next_case(connection, "ada", behind="sad") == "sad", "the only one that is left"
        assert next_case(connection, "ada", after="sad") is None


def test_two_who_decide_the_same_at_once_are_both_heard(database: Database, doubted: Doubted) -> None:
    with database.read() as connection:
        doubts = case_suspects(connection, "red")

    def say(who: int) -> str | None:
        with database.write() as connection:
            genre_id = doubted.genres["Jazz" if who else "Blues"]
            done = decide(connection, doubts, "relabel", f"reviewer {who}", genre_id=genre_id)
            return " ".join(done.messages)

    told = together(say, 2)
    assert sorted(bool(words) for words in told) == [False, True], "the second is told, the first is not"
    with database.read() as connection:
        from catalog.db.derived.track_status import track_status_differences

        assert track_status_differences(connection) == 0
        assert list_cases(connection, Filters(artist="Red")).total == 0


def test_a_lease_is_kept_renewed_given_back_and_runs_out(database: Database, doubted: Doubted) -> None:
    begin = now()
    with database.write() as connection:
        assert next_case(connection, "ada", moment=begin) == "red"
        assert next_case(connection, "ada", moment=begin) == "red", "the same after a reload"
        assert not acquire(connection, "red", "bob", begin)
        assert next_case(connection, "bob", moment=begin) == "sad"
        assert list_cases(connection, moment=begin).cases[0].held_by == "ada"
        late = begin + LEASE - timedelta(seconds=1)
        assert acquire(connection, "red", "ada", late)
        assert not acquire(connection, "red", "bob", begin + LEASE + timedelta(seconds=1)), "it was renewed"
        assert acquire(connection, "red", "bob", late + LEASE)
        release(connection, "bob", "red")
        assert holder(connection, "red", late) is None
        release(connection, "bob")
        assert holder(connection, "sad", begin) is None


def test_skipping_goes_through_the_queue_and_round(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        assert next_case(connection, "ada") == "red"
        assert next_case(connection, "ada", after="red") == "sad"
        assert holder(connection, "red") is None, "what is skipped is given back"
        decide(connection, case_suspects(connection, "sad"), "keep", "ada")
        assert next_case(connection, "ada", after="sad") == "old", "not what was skipped before"
        assert next_case(connection, "ada", after="old") == "red"
        decide(connection, case_suspects(connection, "red"), "keep", "ada")
        decide(connection, case_suspects(connection, "old"), "keep", "ada")
        assert next_case(connection, "ada", after="red") is None
        assert holder(connection, "red") is None


def test_filters_hold_for_the_queue(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        assert next_case(connection, "ada", Filters(tagged="Pop")) == "old"
        assert next_case(connection, "bob", Filters(tagged="Pop")) is None
