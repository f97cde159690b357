from __future__ import annotations

from catalog.report.figures.genre_colors import MOST_GROUPS, color_groups
from catalog.report.genre_agreement import GenreTree

TERMS = GenreTree(
    {1: "Rock", 2: "Metal", 3: "Death Metal", 4: "Pop", 5: "Punk"}, {1: None, 2: 1, 3: 2, 4: None, 5: 1}
)


def test_top_level_genres_are_the_groups():
    names, groups = color_groups([1] * 3 + [4] * 4 + [6] * 3, GenreTree({1: "R", 4: "P", 6: "J"}, {}))
    assert names == ("P", "R", "J")
    assert groups == {4: 0, 1: 1, 6: 2}


def test_a_group_that_holds_most_tracks_is_split():
    names, groups = color_groups([1] * 50 + [2] * 30 + [3] * 20 + [4] * 5 + [5] * 15, TERMS)
    assert set(names) == {"Rock", "Metal", "Pop", "Punk"}
    assert groups[3] == groups[2] != groups[1]


def test_more_groups_than_colors_leave_a_rest():
    terms = GenreTree({number: str(number) for number in range(20)}, {})
    names, groups = color_groups([number for number in range(20) for _ in range(number + 1)], terms)
    assert len(names) == MOST_GROUPS
    assert set(groups) == set(range(13, 20))


def test_terms_in_a_circle_end():
    names, _ = color_groups([1, 2], GenreTree({1: "a", 2: "b"}, {1: 2, 2: 1}))
    assert names


def test_nothing_tagged_has_no_groups():
    assert color_groups([], TERMS) == ((), {})
