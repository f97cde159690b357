import numpy as np
import pytest

from catalog.similarity import scale
from catalog.similarity.scale import moments, row_chunks, standardize, unit_vectors


def test_unit_vectors_have_length_one_whatever_the_scale_of_a_column():
    X = np.random.default_rng(0).normal(5, [1e-3, 1, 1e3], (50, 3))
    X = np.concatenate([X, np.full((50, 1), 7.0)], axis=1)
    rows = unit_vectors(X, *moments(X))
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0)
    assert not rows[:, 3].any(), "a constant column"


def test_moments_are_those_of_double_precision(monkeypatch):
    X = np.random.default_rng(4).normal(1_000, 1e-2, (500, 3)).astype(np.float32)
    monkeypatch.setattr(scale, "CHUNK_ROWS", 64)
    mean, deviation = moments(X)
    assert mean == pytest.approx(X.mean(axis=0, dtype=np.float64))
    assert deviation == pytest.approx(X.std(axis=0, dtype=np.float64))
    assert moments(np.ones((4, 1)))[1] == 1


def test_standardized_columns_have_mean_zero_and_deviation_one():
    X = np.random.default_rng(1).normal(3, 2, (400, 5)).astype(np.float32)
    rows = standardize(X, *moments(X))
    assert rows.dtype == np.float32
    assert rows.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert rows.std(axis=0) == pytest.approx(1, abs=1e-5)


def test_chunks_cover_all_rows(monkeypatch):
    X = np.arange(10).reshape(10, 1).astype(np.float32)
    monkeypatch.setattr(scale, "CHUNK_ROWS", 4)
    assert [(start, len(part)) for start, part in row_chunks(X)] == [(0, 4), (4, 4), (8, 2)]
    assert [start for start, _ in row_chunks(X, 3)] == [0, 3, 6, 9]
