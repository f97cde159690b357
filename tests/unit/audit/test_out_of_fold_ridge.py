import numpy as np
import pytest
from sklearn.linear_model import Ridge

from catalog.audit.labels import out_of_fold_ridge
from catalog.audit.labels.out_of_fold_ridge import (
    SHRINKAGE,
    out_of_fold_probability,
    plain_folds,
    score_by_dimensions,
    score_by_rows,
)


def blobs(count=120, classes=3, seed=0):
    generator = np.random.default_rng(seed)
    y = np.arange(count) % classes
    X = generator.normal(0, 1, (classes, 6))[y] * 3 + generator.normal(0, 1, (count, 6))
    return X.astype(np.float32), y


def test_rows_sum_to_one_and_are_mostly_right():
    X, y = blobs()
    probability = out_of_fold_probability(X, y, plain_folds(len(y), 5, seed=0), 3)
    assert probability.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (probability.argmax(axis=1) == y).mean() > 0.9


def test_the_order_of_the_classes_is_that_of_a_ridge_regression_on_the_other_folds():
    X, y = blobs(seed=1)
    fold = plain_folds(len(y), 4, seed=1)
    probability = out_of_fold_probability(X, y, fold, 3)
    rows = (X - X.mean(axis=0)) / X.std(axis=0)
    for number in range(4):
        test = fold == number
        # Shrunk by the number of all rows, so that every fold is fitted alike.
        model = Ridge(alpha=SHRINKAGE * len(y)).fit(rows[~test], np.eye(3)[y[~test]])
        said, expected = np.log(probability[test]), model.predict(rows[test])
        said, expected = (one - one.mean(axis=1, keepdims=True) for one in (said, expected))
        ratio = (said * expected).sum() / (expected**2).sum()
        assert said == pytest.approx(ratio * expected, abs=0.02 * float(np.abs(said).max()))


def test_no_row_is_told_its_own_label(monkeypatch):
    monkeypatch.setattr(out_of_fold_ridge, "SHARPNESS", (8.0,))  # which all labels choose together
    X, y = blobs(seed=2)
    fold = plain_folds(len(y), 5, seed=2)
    before = out_of_fold_probability(X, y, fold, 3)
    changed = y.copy()
    changed[0] = (y[0] + 1) % 3
    after = out_of_fold_probability(X, changed, fold, 3)
    assert after[fold == fold[0]] == pytest.approx(before[fold == fold[0]], abs=1e-4)


def test_folds_are_of_equal_size_and_the_same_for_the_same_seed():
    fold = plain_folds(101, 10, seed=3)
    assert sorted(np.bincount(fold)) == [*[10] * 9, 11]
    assert np.array_equal(fold, plain_folds(101, 10, seed=3))


def test_a_dimension_that_says_nothing_does_no_harm():
    X, y = blobs(seed=4)
    X = np.hstack([X, np.full((len(X), 1), 9.0, np.float32)])
    assert np.isfinite(out_of_fold_probability(X, y, plain_folds(len(y), 5, seed=0), 3)).all()


@pytest.mark.parametrize("dimensions", [5, 90])
def test_both_ways_to_solve_it_give_the_same_numbers(dimensions):
    random = np.random.default_rng(2)
    rows = np.ones((60, dimensions + 1), dtype=np.float32)
    rows[:, :-1] = random.normal(0, 1, (60, dimensions))
    aim = np.eye(3, dtype=np.float32)[random.integers(0, 3, 60)]
    fold = np.arange(60) % 4
    penalty = np.append(np.full(dimensions, 18.0), 6e-5)
    one, other = (solve(rows, aim, fold, penalty) for solve in (score_by_dimensions, score_by_rows))
    np.testing.assert_allclose(one, other, atol=2e-4)
    assert np.abs(one).max() > 0.3
