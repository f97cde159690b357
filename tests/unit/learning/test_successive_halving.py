"""The schedule of successive halving."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.search.search import ETA, HalvingRound, halving_schedule


def test_the_best_third_of_each_round_gets_three_times_as_much() -> None:
    assert halving_schedule(27, 100) == [
        HalvingRound(27, 1 / 27),
        HalvingRound(9, 1 / 9),
        HalvingRound(3, 1 / 3),
        HalvingRound(1, 1.0),
    ]
    assert halving_schedule(20, 10) == [HalvingRound(20, 1 / 9), HalvingRound(7, 1 / 3), HalvingRound(3, 1.0)]


def test_with_few_artists_or_few_candidates_there_is_one_round_on_everything() -> None:
    assert halving_schedule(20, 2) == [HalvingRound(20, 1.0)]
    assert halving_schedule(1, 100) == [HalvingRound(1, 1.0)]


@given(st.integers(1, 3_000), st.integers(1, 10_000))
def test_every_schedule_ends_on_everything_and_never_grows(candidates: int, groups: int) -> None:
    rounds = halving_schedule(candidates, groups)
    assert rounds[0].candidates == candidates
    assert rounds[-1].share == 1
    assert all(each.candidates >= 1 for each in rounds)
    for each, following in pairwise(rounds):
        assert following.candidates == -(-each.candidates // ETA)
        assert following.share == pytest.approx(each.share * ETA)
    assert groups * rounds[0].share >= 1 - 1e-9 or len(rounds) == 1
    # Every round costs about as much as the first one, whose candidates are rounded up at each step.
    costs = [each.candidates * each.share for each in rounds]
    assert max(costs) <= costs[0] + len(rounds)


def test_no_candidate_no_schedule() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        halving_schedule(0, 5)
