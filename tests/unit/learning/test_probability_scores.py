import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, top_k_accuracy_score
from sklearn.metrics import log_loss as scikit_learns

from catalog.learning.metrics.probability_scores import (
    accuracy_at_shares,
    brier_score,
    log_loss,
    top_k_accuracy,
)


def some(count=60, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    probability = generator.dirichlet(np.ones(classes), count)
    return probability, generator.integers(0, classes, count)


def test_the_log_loss_is_scikit_learns():
    probability, y = some()
    assert log_loss(probability, y) == pytest.approx(scikit_learns(y, probability, labels=range(4)))


def test_a_nought_for_the_truth_stays_finite():
    assert log_loss(np.array([[0.0, 1.0]]), np.array([0])) == pytest.approx(-np.log(1e-7))


def test_the_brier_score_by_hand():
    probability = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    assert brier_score(probability, np.array([0, 0])) == pytest.approx((0.09 + 0.04 + 0.01 + 2.0) / 2)


def test_among_the_first_is_scikit_learns():
    probability, y = some()
    for number in (1, 2, 3):
        expected = top_k_accuracy_score(y, probability, k=number, labels=range(4))
        assert top_k_accuracy(probability, y, number).mean() == pytest.approx(expected)
    assert top_k_accuracy(probability, y, 9).all()


def test_the_surest_answers_come_first():
    probability = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]])
    y = np.array([0, 1, 1, 0])  # sure and right twice, unsure and wrong twice
    assert accuracy_at_shares(probability, y, (0.25, 0.5, 0.75, 1.0)) == [
        (0.25, 1.0),
        (0.5, 1.0),
        (0.75, pytest.approx(2 / 3)),
        (1.0, 0.5),
    ]
    with pytest.raises(ValueError, match="no track"):
        accuracy_at_shares(probability[:0], y[:0])


@given(st.integers(1, 40), st.integers(0, 1000))
def test_answering_everything_is_the_accuracy(count, seed):
    probability, y = some(count, seed=seed)
    curve = accuracy_at_shares(probability, y)
    assert curve[-1] == pytest.approx((1.0, accuracy_score(y, probability.argmax(axis=1))))
    assert all(0 <= accuracy <= 1 for _, accuracy in curve)
