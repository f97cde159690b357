"""Cohen's kappa on textbook numbers."""

from __future__ import annotations

import pytest

from catalog.review.audit_sample.sample_estimates import rater_agreement


def test_the_textbook() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa 0.4
    one = [1] * 25 + [0] * 25
    other = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = rater_agreement(one, other)
    assert found is not None
    assert (found.kappa, found.tracks) == pytest.approx((0.4, 50))
    assert found.low < 0.4 < found.high


def test_it_says_nothing_of_too_few_or_of_one_answer() -> None:
    assert rater_agreement([1, 2, 3, 4], [1, 2, 3, 4]) is None
    assert rater_agreement([1] * 9, [1] * 9) is None
    whole = rater_agreement([1, 2] * 5, [1, 2] * 5)
    assert whole is not None
    assert (whole.kappa, whole.low, whole.high) == (1.0, 1.0, 1.0)
