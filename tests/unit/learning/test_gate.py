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
def test_a_loss_within_the_margin_is_accepted(value, low, worse):
    assert comparison(value, low).is_worse is worse


def test_the_audit_sample_can_reject():
    good, bad = comparison(0.01, -0.01), comparison(-0.1, -0.2)
    assert PromotionVerdict(3, good, None).rejection is None
    assert "on the same folds" in (PromotionVerdict(3, bad, good).rejection or "")
    reason = PromotionVerdict(3, good, bad).rejection
    assert reason is not None
    assert "on the audit sample its macro F1 is 0.600" in reason


def test_the_rejection_of_equal_scores_names_the_interval():
    shut = PromotionVerdict(3, Comparison(100, 20, 0.7, 0.7, Interval(0.0, -0.066, 0.1)), None).rejection
    assert shut is not None
    assert "-0.066 to +0.100: a loss of 0.05 cannot be ruled out)" in shut
    assert "ruled out" not in (PromotionVerdict(3, comparison(-0.1, -0.2), None).rejection or "")


def test_equal_models_are_equal():
    generator = np.random.default_rng(0)
    y, choice = generator.integers(0, 3, (2, 90))
    found = compare_models_on_gate(y, choice, choice, np.arange(90) // 5, 3)
    assert (found.tracks, found.groups, found.is_worse) == (90, 18, False)
    assert found.challenger == found.champion


def test_a_less_accurate_model_is_worse():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 300)
    good = np.where(generator.random(300) < 0.9, y, 0)
    bad = np.where(generator.random(300) < 0.5, y, 0)
    groups = np.arange(300) // 5
    assert compare_models_on_gate(y, bad, good, groups, 3).is_worse
    assert not compare_models_on_gate(y, good, bad, groups, 3).is_worse
