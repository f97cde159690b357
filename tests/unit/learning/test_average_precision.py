import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from catalog.learning.metrics.probability_scores import average_precision, average_precisions


def test_by_hand():
    # right at the first, third and fourth place
    score, positive = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True])
    assert average_precision(score, positive) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    with pytest.raises(ValueError, match="no track"):
        average_precision(score, np.zeros(4, dtype=bool))


def test_a_genre_not_given_is_wrong_only_where_tags_are_complete():
    probability = np.array([[0.9], [0.8], [0.7], [0.6]])
    given_ = np.array([[False], [True], [False], [True]])
    complete = np.array([False, True, True, True])
    (found,) = average_precisions(["Rock"], probability, given_, complete)
    assert found.value == pytest.approx((1 + 2 / 3) / 2)  # without the first, of which nothing is known
    assert found.at_least == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found.by_chance == 0.5
    (nowhere,) = average_precisions(["Rock"], probability, given_, np.zeros(4, dtype=bool))
    assert nowhere.value is None
    assert nowhere.at_least == found.at_least
    (none_given,) = average_precisions(["Rock"], probability, np.zeros((4, 1), dtype=bool), complete)
    assert (none_given.tracks, none_given.value, none_given.at_least) == (0, None, None)


def test_tags_lost_at_random_leave_a_bound():
    generator = np.random.default_rng(0)
    true = generator.random(4000) < 0.3
    score = generator.normal(0, 1, 4000) + 2 * true
    kept = true & (generator.random(4000) < 0.5)
    (found,) = average_precisions(["Rock"], score[:, None], kept[:, None], np.zeros(4000, dtype=bool))
    assert found.at_least is not None
    assert found.at_least < average_precision(score, true)


@given(arrays.arrays(np.bool_, (12, 2)), st.integers(0, 99))
def test_it_lies_between_nought_and_one_and_order_alone_counts(given_, seed):
    probability = np.random.default_rng(seed).random((12, 2))
    complete = np.ones(12, dtype=bool)
    for one, other in zip(
        average_precisions(["Rock", "Pop"], probability, given_, complete),
        average_precisions(["Rock", "Pop"], probability**3, given_, complete),
        strict=True,
    ):
        assert one == other
        assert one.at_least is None or 0 < one.at_least <= 1
