import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.folds import groups_per_class, number_of_folds, stratified_group_folds


def test_the_number_of_folds_follows_the_class_with_fewest_groups():
    y = np.array([0] * 8 + [1] * 6)
    groups = np.array([*range(8), 10, 11, 12, 10, 11, 12])
    assert groups_per_class(y, groups).tolist() == [8, 3]
    assert number_of_folds(y, groups) == 3
    assert number_of_folds(y, groups, maximum=2) == 2


def test_a_class_in_one_group_does_not_hold_down_the_others():
    y = np.array([0] * 6 + [1] * 6 + [2] * 3)
    groups = np.array([*range(6), *range(6, 12), 20, 20, 20])
    assert number_of_folds(y, groups) == 5


def test_one_group_for_all_is_an_error():
    with pytest.raises(ValueError, match="one group"):
        number_of_folds(np.array([0, 1]), np.array([3, 3]))


def test_few_artists_per_class_are_spread_evenly():
    generator = np.random.default_rng(1)
    y = np.repeat(np.arange(6), 20)
    groups = y * 100 + generator.integers(0, 5, y.size)
    fold = stratified_group_folds(y, groups, 5, seed=0)
    for column in range(6):
        counts = np.bincount(fold[y == column], minlength=5)
        assert counts.min() >= 1
        assert counts.max() <= 10


def test_the_seed_decides():
    y, groups = np.repeat([0, 1], 30), np.arange(60) // 2
    first, again, other = (stratified_group_folds(y, groups, 5, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=4, max_size=80).filter(
        lambda pairs: len({group for _, group in pairs}) >= 2
    ),
    st.integers(0, 3),
)
def test_no_group_is_in_two_folds_and_no_class_with_two_groups_is_lost(pairs, seed):
    y, groups = np.array(pairs).T
    folds = number_of_folds(y, groups)
    fold = stratified_group_folds(y, groups, folds, seed=seed)
    assert fold.min() >= 0
    assert fold.max() < folds
    for group in np.unique(groups):
        assert np.unique(fold[groups == group]).size == 1
    own = {column: set(groups[y == column]) for column in np.unique(y)}
    for column, its in own.items():
        pure = all(not (its & others) for name, others in own.items() if name != column)
        if len(its) >= 2 and pure:
            assert np.unique(fold[y == column]).size >= 2
