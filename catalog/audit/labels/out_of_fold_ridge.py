"""Held-out probabilities by least squares: a second opinion that costs one solved system a fold, at any size."""

import numpy as np

from catalog.arrays import Float32, Floats, Integers, Matrix
from catalog.similarity.scale import moments, standardize

SHRINKAGE = 0.3
"""Of the squared coefficients, beside the mean squared error over all rows, dimensions having variance 1."""
SHARPNESS = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""What scores are multiplied by before they become probabilities; the one with the least log loss is taken."""
FLOOR = 1e-3  # of a probability in that loss: labels are doubted here, and one wrong label must not decide it
CHUNK = 20_000  # rows standardized at once


def out_of_fold_probability(X: Matrix, y: Integers, fold: Integers, classes: int) -> Float32:
    """(n, classes): for each row by the rows of all other folds; rows sum to 1.

    X is (n, dimensions) and finite, y (n,) columns, fold (n,). Ridge regression on the indicators of the classes
    (Hastie, Tibshirani and Friedman 2009, 4.2): the sums of products are made once, and those of a fold taken off again.
    """
    rows = _scaled(X)
    aim = np.zeros((len(y), classes), dtype=np.float32)
    aim[np.arange(len(y)), y] = 1.0
    penalty = np.full(rows.shape[1], SHRINKAGE * len(y))
    penalty[-1] = 1e-6 * len(y)  # the constant is not shrunk
    solve = score_by_dimensions if rows.shape[1] <= len(y) else score_by_rows
    return _probability(solve(rows, aim, fold, penalty), y)


def score_by_dimensions(rows: Float32, aim: Float32, fold: Integers, penalty: Floats) -> Float32:
    """(n, classes): for few dimensions; rows (n, dimensions), aim (n, classes), fold (n,), penalty (dimensions,)."""
    parts = [np.flatnonzero(fold == number) for number in np.unique(fold)]
    products = [(_product(rows, rows, part), _product(rows, aim, part)) for part in parts]
    square, right = sum(one for one, _ in products), sum(one for _, one in products)
    score = np.zeros(aim.shape, dtype=np.float32)
    for part, (own_square, own_right) in zip(parts, products, strict=True):
        coefficients = np.linalg.solve(square - own_square + np.diag(penalty), right - own_right)
        score[part] = rows[part] @ coefficients.astype(np.float32)
    return score


def score_by_rows(rows: Float32, aim: Float32, fold: Integers, penalty: Floats) -> Float32:
    """The same numbers for few rows, by the dual problem (Saunders, Gammerman and Vovk 1998)."""
    scaled = rows / np.sqrt(penalty)
    kernel = scaled @ scaled.T
    score = np.zeros(aim.shape, dtype=np.float32)
    for number in np.unique(fold):
        part, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        weights = np.linalg.solve(
            kernel[np.ix_(rest, rest)] + np.eye(len(rest)), aim[rest].astype(np.float64)
        )
        score[part] = kernel[np.ix_(part, rest)] @ weights
    return score


def plain_folds(count: int, folds: int, *, seed: int) -> Integers:
    """(count,): folds of equal size at random, which keep nothing together."""
    return np.random.default_rng(seed).permutation(count).astype(np.int64) % folds


def _scaled(X: Matrix) -> Float32:
    """(n, dimensions + 1): each dimension less its mean and over its deviation; then a 1."""
    mean, deviation = moments(X)
    rows = np.ones((len(X), X.shape[1] + 1), dtype=np.float32)
    for start in range(0, len(X), CHUNK):
        rows[start : start + CHUNK, :-1] = standardize(X[start : start + CHUNK], mean, deviation)
    return rows


def _product(left: Float32, right: Float32, part: Integers) -> Floats:
    return (left[part].T @ right[part]).astype(np.float64)


def _probability(score: Float32, y: Integers) -> Float32:
    """The softmax of the scores, as sharp as suits the labels."""
    best, least = score, np.inf
    for sharpness in SHARPNESS:
        odds = np.exp(sharpness * (score - score.max(axis=1, keepdims=True)))
        odds /= odds.sum(axis=1, keepdims=True)
        loss = float(-np.log(np.maximum(odds[np.arange(len(y)), y], FLOOR)).mean())
        if loss < least:
            best, least = odds, loss
    return best
