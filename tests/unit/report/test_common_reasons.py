from __future__ import annotations

from typing import Any

from catalog.audit.reasons import artist_reason, neighbors_reason, prediction_reason
from catalog.report.open_cases import common_reasons

ROCK, METAL = 1, 2
NAMES = {ROCK: "Rock", METAL: "Metal"}


def reasons(probability: float, agreeing: int) -> list[dict[str, Any]]:
    stored = [
        prediction_reason(ROCK, probability, METAL, 0.1),
        neighbors_reason(ROCK, range(10), range(agreeing)),
        artist_reason(ROCK, 3, METAL, 0, 3),
    ]
    return [reason for reason in stored if reason is not None]


def test_a_single_track_keeps_its_sentences() -> None:
    assert common_reasons([reasons(0.8, 9)], NAMES)[:2] == (
        "Predicted Rock (80\xa0%); the tag Metal gets 10\xa0%",
        "9 of the 10 most similar tracks by other artists are tagged Rock or a kind of Rock",
    )


def test_several_tracks_are_summarized() -> None:
    assert common_reasons([reasons(0.8, 9), reasons(0.6, 7), reasons(0.9, 8)], NAMES) == (
        "Typically predicted Rock (80\xa0%); the tag Metal gets 10\xa0%",
        "24 of the 30 most similar tracks by other artists are tagged Rock or a kind of Rock",
        "3 of the artist's 3 other tracks are tagged Rock",
    )


def test_the_commonest_sentences_of_other_kinds_are_kept() -> None:
    rock, metal = artist_reason(ROCK, 3, METAL, 0, 3), artist_reason(METAL, 3, ROCK, 0, 3)
    assert rock is not None
    assert metal is not None
    assert common_reasons([[rock], [metal], [metal]], NAMES)[0].endswith("are tagged Metal")
