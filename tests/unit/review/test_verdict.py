"""Verdicts on a track's genres."""

from __future__ import annotations

import pytest

from catalog.review.verdict import (
    InvalidVerdictError,
    genres_after,
    genres_shown,
    outcome_of,
    recorded_verdict,
)

ROCK, METAL, POP, FOLK = 1, 2, 3, 4


@pytest.mark.parametrize(
    ("verdict", "judged", "doubted", "chosen", "expected"),
    [
        ("keep", (METAL, FOLK), METAL, None, (METAL, FOLK)),
        ("accept", (METAL, FOLK), METAL, ROCK, (ROCK, FOLK)),
        ("relabel", (FOLK, METAL), METAL, POP, (FOLK, POP)),
        ("relabel", (ROCK, METAL), METAL, ROCK, (ROCK,)),
        ("relabel", (), None, POP, (POP,)),
        ("add", (METAL,), METAL, ROCK, (METAL, ROCK)),
        ("add", (METAL, ROCK), METAL, ROCK, (METAL, ROCK)),
        ("unsure", (METAL,), METAL, None, None),
        ("wrong_recording", (METAL,), METAL, None, None),
    ],
)
def test_genres_after(verdict, judged, doubted, chosen, expected) -> None:
    assert genres_after(verdict, judged, doubted, chosen) == expected


@pytest.mark.parametrize(
    ("current", "put", "expected"),
    [
        ((METAL, FOLK), None, (METAL, FOLK)),
        ((FOLK, ROCK), ROCK, (FOLK, METAL)),
        ((FOLK, ROCK), None, (METAL, ROCK)),
        ((FOLK, ROCK), POP, (METAL, ROCK)),
        ((), None, (METAL,)),
    ],
)
def test_a_flagged_genre_that_is_gone_is_judged_where_it_was(
    current: tuple[int, ...], put: int | None, expected: tuple[int, ...]
) -> None:
    assert genres_shown(current, METAL, put) == expected
    assert genres_shown(current, None, put) == current


def test_who_puts_a_tag_in_its_own_place_keeps_it() -> None:
    assert recorded_verdict("relabel", METAL, METAL) == recorded_verdict("accept", METAL, METAL) == "keep"
    assert recorded_verdict("relabel", METAL, ROCK) == "relabel"
    assert recorded_verdict("accept", None, ROCK) == "accept"
    assert recorded_verdict("add", METAL, METAL) == "add"


def test_what_makes_no_sense() -> None:
    with pytest.raises(InvalidVerdictError, match="no genre to keep"):
        genres_after("keep", (), None, None)
    with pytest.raises(InvalidVerdictError, match="needs a genre"):
        genres_after("relabel", (METAL,), METAL, None)


@pytest.mark.parametrize(
    ("verdict", "tag", "expected"),
    [
        ("accept", METAL, "corrected"),
        ("relabel", METAL, "corrected"),
        ("accept", None, "filled in"),
        ("relabel", None, "filled in"),
        ("add", None, "filled in"),
        ("add", METAL, "genre added"),
        ("keep", METAL, "kept"),
        ("unsure", None, "unsure"),
        ("wrong_recording", METAL, "wrong recording"),
    ],
)
def test_a_wrong_tag_is_found_only_where_there_was_a_tag(verdict, tag, expected):
    assert outcome_of(verdict, tag) == expected
