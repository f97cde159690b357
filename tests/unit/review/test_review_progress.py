"""The advice: when to stop looking."""

from __future__ import annotations

import pytest

from catalog.review.audit_sample.review_progress import advice
from catalog.review.audit_sample.sample_estimates import SampleEstimate
from catalog.review.audit_sample.weighted_share import weighted_share


def recent(wrong: int, of: int = 100):  # type: ignore[no-untyped-def]
    return weighted_share([1.0] * wrong + [0.0] * (of - wrong), [1.0] * of)


def sample(wrong: int) -> SampleEstimate:
    return SampleEstimate(1, 100, 100, 0, 5_000, recent(wrong), (), None, None)


@pytest.mark.parametrize(
    ("decisions", "open_tracks", "lately", "drawn", "begins"),
    [
        (0, 0, None, None, "there is no suspect"),
        (30, 0, recent(3), None, "every suspect is decided"),
        (0, 50, None, None, "go on: 20 more decisions"),
        (5, 50, recent(5, 5), None, "go on: 15 more decisions show"),
        (19, 50, recent(5, 19), None, "go on: 1 more decision shows"),
        (5, 14, recent(5, 5), None, "go on: only 14 of the suspects are left"),
        (0, 1, None, None, "go on: only 1 of the suspects is left"),
        (200, 50, recent(40), None, "go on: the last 100 decisions found 40"),
        (200, 50, recent(3), None, "stop here: the last 100 decisions found 3"),
        (200, 50, recent(8), sample(10), "stop here"),
        (200, 50, recent(8), sample(2), "go on"),
    ],
)
def test_advice(decisions, open_tracks, lately, drawn, begins) -> None:  # type: ignore[no-untyped-def]
    assert advice(decisions, open_tracks, lately, drawn).startswith(begins)


@pytest.mark.parametrize("decisions", [0, 30])
def test_suspects_that_only_the_sample_holds_are_not_decided(decisions: int) -> None:
    assert advice(decisions, 0, None, None, hidden=7).startswith("judge the check sample")
    assert advice(decisions, 7, None, None, hidden=7).startswith("go on")
