"""Out-of-fold probabilities by ridge regression: a fast second opinion, one linear system per fold."""

import numpy as np

from catalog.arrays import Float32, Floats, Integers, Matrix
from catalog.similarity.scale import moments, standardize

SHRINKAGE = 0.3
"""Weight of the squared coefficients against the mean squared error over all rows; dimensions have variance 1."""
SHARPNESS = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""Factors of the scores before the softmax; the one with the lowest log loss is used."""
FLOOR = 1e-3  # of a probability in that loss, so that one wrong label does not decide it
CHUNK = 20_000  # rows that are standardized together


def out_of_fold_probability(X: Matrix, y: Integers, fold: Integers, classes: int) -> Float32:
    """(n, classes): for each row, from the rows of all other folds; rows sum to 1.

    X is (n, dimensions) and finite, y (n,) columns, fold (n,). Ridge regression on the indicators of the classes
    (Hastie, Tibshirani and Friedman 2009, 4.2): the sums of products are computed once, and those of a fold are
    subtracted.
    """
    rows = _scaled(X)
    target = np.zeros((len(y), classes), dtype=np.float32)
    target[np.arange(len(y)), y] = 1.0
    penalty = np.full(rows.shape[1], SHRINKAGE * len(y))
    penalty[-1] = 1e-6 * len(y)  # the constant is not shrunk
    solve = score_by_dimensions if rows.shape[1] <= len(y) else score_by_rows
    return _probability(solve(rows, target, fold, penalty), y)


def score_by_dimensions(rows: Float32, target: Float32, fold: Integers, penalty: Floats) -> Float32:
    """(n, classes): for few dimensions; rows (n, dimensions), target (n, classes), fold (n,), penalty (dimensions,)."""
    parts = [np.flatnonzero(fold == number) for number in np.unique(fold)]
    products = [(_product(rows, rows, part), _product(rows, target, part)) for part in parts]
    square, right = sum(each for each, _ in products), sum(each for _, each in products)
    score = np.zeros(target.shape, dtype=np.float32)
    for part, (own_square, own_right) in zip(parts, products, strict=True):
        coefficients = np.linalg.solve(square - own_square + np.diag(penalty), right - own_right)
        score[part] = rows[part] @ coefficients.astype(np.float32)
    return score


def score_by_rows(rows: Float32, target: Float32, fold: Integers, penalty: Floats) -> Float32:
    """The same numbers for few rows, by the dual problem (Saunders, Gammerman and Vovk 1998)."""
    scaled = rows / np.sqrt(penalty)
    kernel = scaled @ scaled.T
    score = np.zeros(target.shape, dtype=np.float32)
    for number in np.unique(fold):
        part, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        weights = np.linalg.solve(
            kernel[np.ix_(rest, rest)] + np.eye(len(rest)), target[rest].astype(np.float64)
        )
        score[part] = kernel[np.ix_(part, rest)] @ weights
    return score


def plain_folds(count: int, folds: int, *, seed: int) -> Integers:
    """(count,): random folds of equal size that keep no groups together."""
    return np.random.default_rng(seed).permutation(count).astype(np.int64) % folds


def _scaled(X: Matrix) -> Float32:
    """(n, dimensions + 1): standardized dimensions, then a 1."""
    mean, deviation = moments(X)
    rows = np.ones((len(X), X.shape[1] + 1), dtype=np.float32)
    for start in range(0, len(X), CHUNK):
        rows[start : start + CHUNK, :-1] = standardize(X[start : start + CHUNK], mean, deviation)
    return rows


def _product(left: Float32, right: Float32, part: Integers) -> Floats:
    return (left[part].T @ right[part]).astype(np.float64)


def _probability(score: Float32, y: Integers) -> Float32:
    """The softmax of the scores, with the factor that fits the labels best."""
    best, lowest_loss = score, np.inf
    for sharpness in SHARPNESS:
        odds = np.exp(sharpness * (score - score.max(axis=1, keepdims=True)))
        odds /= odds.sum(axis=1, keepdims=True)
        loss = float(-np.log(np.maximum(odds[np.arange(len(y)), y], FLOOR)).mean())
        if loss < lowest_loss:
            best, lowest_loss = odds, loss
    return best
