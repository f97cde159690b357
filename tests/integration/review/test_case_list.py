"""Cases by suspicion, filters and pages."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from catalog.review.case_list import Filters, list_cases
from catalog.review.decision import (
    case_suspects,
    decide,
)
from tests.integration.review.conftest import Doubted


def test_cases_come_by_suspicion_times_tracks(database: Database, doubted: Doubted) -> None:
    with database.read() as connection:
        page = list_cases(connection, per_page=2)
        assert ([case.case_id for case in page.cases], page.total, page.pages) == (["red", "sad"], 3, 2)
        assert [case.case_id for case in list_cases(connection, page=9, per_page=2).cases] == ["old"]
        first = page.cases[0]
    assert (first.artist, first.tagged_genre, first.suggested_genre) == ("Red", "Metal", "Rock")
    assert (first.tracks, first.open_tracks, first.expected_right, first.held_by) == (3, 3, None, None)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(tagged="Metal"), {"red": 3}),
        (Filters(suggested="Rock"), {"red": 3, "old": 1}),
        (Filters(suggested="Rock", suspicion=0.75), {"red": 2, "old": 1}),
        (Filters(artist="Sad"), {"sad": 2}),
        (Filters(album="Red/Second"), {"red": 1}),
        (Filters(album="red - second (Disc 2)", artist="The Red"), {"red": 1}),
        (Filters(collection="records", source="file"), {"red": 3, "old": 1, "sad": 2}),
        (Filters(source="person"), {}),
        (Filters(collection="elsewhere"), {}),
        (Filters(reviewer="ada", state="all"), {"old": 0}),
        (Filters(state="decided"), {"old": 0}),
    ],
)
def test_filters(database: Database, doubted: Doubted, filters: Filters, found: dict[str, int]) -> None:
    with database.write() as connection:
        if filters.reviewer or filters.state == "decided":
            decide(connection, case_suspects(connection, "old"), "keep", "ada")
        listed = list_cases(connection, filters).cases
    assert {case.case_id: case.open_tracks for case in listed} == found
