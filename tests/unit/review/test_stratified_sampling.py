"""Strata: weights sum to the archive, every stratum is drawn from, the same seed draws the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.review.audit_sample.stratified_sampling import REST, allocate, draw_stratified, merge_rare

ARCHIVES = st.dictionaries(st.integers(1, 30), st.integers(1, 40), min_size=1, max_size=12)


@given(ARCHIVES, st.integers(1, 120))
def test_allocation(sizes: dict[int, int], size: int) -> None:
    given_ = allocate(sizes, size)
    assert sum(given_.values()) == max(min(size, sum(sizes.values())), len(sizes))
    assert all(1 <= given_[key] <= sizes[key] for key in sizes)


@given(ARCHIVES, st.integers(1, 120), st.integers(0, 40), st.integers(0, 3))
def test_a_draw_stands_for_the_archive(sizes: dict[int, int], size: int, overlap: int, seed: int) -> None:
    genres, first = {}, 0
    for key, number in sizes.items():
        genres[key] = list(range(first, first + number))
        first += number
    drawn = draw_stratified(genres, size, overlap, seed)
    assert drawn == draw_stratified(genres, size, overlap, seed)
    assert len({each.track_id for each in drawn}) == len(drawn)
    assert sum(each.weight for each in drawn) == pytest.approx(first)
    assert sum(each.overlap for each in drawn) == min(overlap, len(drawn))
    for each in drawn:
        assert each.stratum == REST or each.track_id in genres[each.stratum]


def test_rare_genres_are_one_stratum_together() -> None:
    genres = {1: list(range(90)), 2: list(range(100, 106)), 3: [200], 4: [201, 202, 203]}
    assert {key: len(tracks) for key, tracks in merge_rare(genres, 50).items()} == {1: 90, 2: 6, REST: 4}


def test_another_seed_draws_others() -> None:
    genres = {1: list(range(100))}
    assert {each.track_id for each in draw_stratified(genres, 10, 0, 1)} != {
        each.track_id for each in draw_stratified(genres, 10, 0, 2)
    }
    assert [each.track_id for each in draw_stratified(genres, 10, 0, 1)] != sorted(
        each.track_id for each in draw_stratified(genres, 10, 0, 1)
    )


def test_nothing_to_draw_from() -> None:
    assert draw_stratified({}, 10, 5, 0) == []
