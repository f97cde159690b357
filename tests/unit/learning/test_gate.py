import numpy as np
import pytest

from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.scoring.gate import Comparison, PromotionVerdict, compare_models_on_gate


def comparison(value, low):
    return Comparison(100, 20, 0.7 + value, 0.7, Interval(value, low, 0.1))


@pytest.mark.parametrize(
    ("value", "low", "worse"),
    [(0.0, -0.04, False), (-0.009, -0.049, False), (-0.011, -0.02, True), (0.02, -0.05, True)],
)
def test_a_hundredth_less_and_an_unlikely_twentieth_are_borne(value, low, worse):
    assert comparison(value, low).is_worse is worse


def test_the_audit_sample_has_a_say_too():
    good, bad = comparison(0.01, -0.01), comparison(-0.1, -0.2)
    assert PromotionVerdict(3, good, None).worse is None
    assert "on the same folds" in (PromotionVerdict(3, bad, good).worse or "")
    reason = PromotionVerdict(3, good, bad).worse
    assert reason is not None
    assert "on the check sample its macro F1 is 0.600" in reason
    assert PromotionVerdict(3, good, bad).facts["passed"] is False
    assert PromotionVerdict(3, good, None).facts["on_folds"]["difference"]["low"] == -0.01


def test_equal_scores_that_shut_the_gate_say_why():
    shut = PromotionVerdict(3, Comparison(100, 20, 0.7, 0.7, Interval(0.0, -0.066, 0.1)), None).worse
    assert shut is not None
    assert "between -0.066 and +0.100: 0.05 less cannot be ruled out)" in shut
    assert "ruled out" not in (PromotionVerdict(3, comparison(-0.1, -0.2), None).worse or "")


def test_a_model_beside_itself_is_not_worse():
    generator = np.random.default_rng(0)
    y, choice = generator.integers(0, 3, (2, 90))
    found = compare_models_on_gate(y, choice, choice, np.arange(90) // 5, 3)
    assert (found.tracks, found.groups, found.is_worse) == (90, 18, False)
    assert found.new == found.in_force


def test_one_that_knows_less_is_worse():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 300)
    good = np.where(generator.random(300) < 0.9, y, 0)
    bad = np.where(generator.random(300) < 0.5, y, 0)
    groups = np.arange(300) // 5
    assert compare_models_on_gate(y, bad, good, groups, 3).is_worse
    assert not compare_models_on_gate(y, good, bad, groups, 3).is_worse
