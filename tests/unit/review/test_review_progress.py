"""The advice: when to stop looking."""

from __future__ import annotations

import pytest

from catalog.review.audit_sample.review_progress import advice
from catalog.review.audit_sample.sample_estimates import SampleEstimate
from catalog.review.audit_sample.weighted_share import weighted_share


def recent(wrong: int, of: int = 100):
    return weighted_share([1.0] * wrong + [0.0] * (of - wrong), [1.0] * of)


def sample(wrong: int) -> SampleEstimate:
    return SampleEstimate(1, 100, 100, 0, 5_000, recent(wrong), (), None, None)


@pytest.mark.parametrize(
    ("decisions", "open_tracks", "lately", "drawn", "begins"),
    [
        (0, 0, None, None, "there are no suspects"),
        (30, 0, recent(3), None, "all suspects are decided"),
        (0, 50, None, None, "continue: 20 more decisions"),
        (5, 50, recent(5, 5), None, "continue: 15 more decisions until"),
        (19, 50, recent(5, 19), None, "continue: 1 more decision until"),
        (5, 14, recent(5, 5), None, "continue: 14 suspects left"),
        (0, 1, None, None, "continue: 1 suspect left"),
        (200, 50, recent(40), None, "continue: the last 100 decisions found 40"),
        (200, 50, recent(3), None, "stop: the last 100 decisions found 3"),
        (200, 50, recent(8), sample(10), "stop: "),
        (200, 50, recent(8), sample(2), "continue"),
    ],
)
def test_advice(decisions, open_tracks, lately, drawn, begins) -> None:
    assert advice(decisions, open_tracks, lately, drawn).startswith(begins)


@pytest.mark.parametrize("decisions", [0, 30])
def test_suspects_that_only_the_sample_holds_are_not_decided(decisions: int) -> None:
    assert advice(decisions, 0, None, None, hidden=7).startswith("judge the audit sample")
    assert advice(decisions, 7, None, None, hidden=7).startswith("continue")
