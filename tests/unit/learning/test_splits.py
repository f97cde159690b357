"""Splits: nothing of what is asked about, or left out, is ever learned from."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.splits import Split, inner_folds, outer_folds


@st.composite
def labeled(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Classes and groups of tracks: 3 to 5 classes, each by 4 groups or more of its own, and some shared ones."""
    classes = draw(st.integers(2, 4))
    y, groups = [], []
    for column in range(classes):
        for group in range(draw(st.integers(4, 7))):
            tracks = draw(st.integers(1, 4))
            y += [column] * tracks
            groups += [column * 10 + group] * tracks
    shared = draw(st.integers(0, 3))
    y += [number % classes for number in range(shared)]
    groups += [99] * shared
    return np.array(y), np.array(groups)


@given(labeled(), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1 / 3, 1 / 9]))
def test_what_is_asked_about_shares_no_group_with_what_is_learned_from(
    data: tuple[np.ndarray, np.ndarray], seed: int, share: float
) -> None:
    y, groups = data
    outer = outer_folds(y, groups, seed)
    for left_out in [None, *np.unique(outer).tolist()]:
        inside = np.ones(len(y), bool) if left_out is None else outer != left_out
        folds = outer if left_out is None else inner_folds(y[inside], groups[inside], seed)
        asked = np.zeros(len(y), int)
        for fold in np.unique(folds).tolist():
            training, test = Split(fold, left_out, share).masks(y, groups, seed)
            assert not set(groups[training]) & set(groups[test])
            assert not (training | test)[~inside].any()
            assert training.any()
            asked += test
            whole, same = Split(fold, left_out).masks(y, groups, seed)
            assert (test == same).all()
            assert not (training & ~whole).any()
            # Whole groups: of no artist only a part is learned from.
            assert not set(groups[training]) & set(groups[whole & ~training])
        assert (asked == inside).all()


def test_a_share_is_about_as_much_as_it_says() -> None:
    random = np.random.default_rng(0)
    groups = random.integers(0, 600, 3_000)
    y = (groups % 4).astype(np.int64)
    whole = Split(0).masks(y, groups, 5)[0]
    third = Split(0, share=1 / 3).masks(y, groups, 5)[0]
    assert abs(third.sum() / whole.sum() - 1 / 3) < 0.03
    mixture = np.bincount(y[third]) / third.sum() - np.bincount(y[whole]) / whole.sum()
    assert np.abs(mixture).max() < 0.03


def test_the_folds_of_a_search_are_not_those_that_the_model_is_scored_on() -> None:
    groups = np.repeat(np.arange(40), 3)
    y = groups % 2
    from catalog.learning.dataset.folds import number_of_folds, stratified_group_folds

    scored = stratified_group_folds(y, groups, number_of_folds(y, groups), seed=0)
    assert (outer_folds(y, groups, 0) != scored).any()
