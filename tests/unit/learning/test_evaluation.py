import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from catalog.learning.metrics.evaluation import evaluate, macro_f1_difference


def some_choices(count=200, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.choice(4, count, p=[0.5, 0.3, 0.15, 0.05])
    choice = np.where(generator.random(count) < 0.7, y, generator.integers(0, 4, count))
    return y, choice, generator.integers(0, 30, count)


def test_the_scores_are_scikit_learns():
    y, choice, groups = some_choices()
    found = evaluate(y, choice, groups, 4)
    assert found.accuracy.value == pytest.approx(accuracy_score(y, choice))
    assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(y, choice))
    assert found.macro_f1.value == pytest.approx(f1_score(y, choice, average="macro"))
    assert np.array_equal(found.confusion, confusion_matrix(y, choice))
    assert [score.f1 for score in found.by_class] == pytest.approx(f1_score(y, choice, average=None))
    assert (found.tracks, found.groups) == (200, 30)


def test_a_class_that_does_not_occur_is_no_part_of_the_mean():
    found = evaluate(np.array([0, 0, 1]), np.array([0, 2, 1]), np.arange(3), 4)
    assert found.balanced_accuracy.value == pytest.approx(0.75)
    assert found.by_class[3].recall == 0
    assert found.by_class[2].precision == 0


def test_intervals_hold_the_value_and_widen_when_tracks_are_connected():
    y, choice, _ = some_choices(400)
    single = evaluate(y, choice, np.arange(400), 4).accuracy
    assert single.low < single.value < single.high
    order = np.argsort(y == choice, kind="stable")  # every group wholly right or wholly wrong
    together = evaluate(y[order], choice[order], np.arange(400) // 20, 4).accuracy
    assert together.high - together.low > 2 * (single.high - single.low)


def test_the_seed_decides_the_interval():
    y, choice, groups = some_choices()
    assert evaluate(y, choice, groups, 4, seed=3).accuracy == evaluate(y, choice, groups, 4, seed=3).accuracy


def test_nothing_to_evaluate_is_an_error():
    empty = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="no track"):
        evaluate(empty, empty, empty, 2)


def test_of_several_choices_the_mean_is_scored():
    y, choice, groups = some_choices()
    _, other, _ = some_choices(seed=0)
    other = np.roll(other, 1)
    both = evaluate(y, np.stack([choice, other]), groups, 4)
    each = [evaluate(y, one, groups, 4) for one in (choice, other)]
    assert both.macro_f1.value == pytest.approx(np.mean([one.macro_f1.value for one in each]))
    assert both.accuracy.value == pytest.approx(np.mean([one.accuracy.value for one in each]))
    assert np.array_equal(both.confusion, each[0].confusion)


def test_a_difference_is_paired():
    y, choice, groups = some_choices(400)
    better = choice.copy()
    wrong = np.flatnonzero(choice != y)[::4]
    better[wrong] = y[wrong]
    found = macro_f1_difference(y, better, choice, groups, 4)
    alone = evaluate(y, better, groups, 4).macro_f1
    expected = f1_score(y, better, average="macro") - f1_score(y, choice, average="macro")
    assert found.value == pytest.approx(expected)
    assert 0 < found.low < found.value < found.high
    assert found.high - found.low < alone.high - alone.low
    same = macro_f1_difference(y, choice, choice, groups, 4)
    assert (same.value, same.low, same.high) == (0, 0, 0)
