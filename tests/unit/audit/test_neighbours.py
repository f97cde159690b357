import numpy as np
import pytest

from catalog.audit import neighbours
from catalog.audit.neighbours import NOBODY, nearest_of_other_groups, standardised


def test_rows_are_of_length_one_whatever_the_scale_of_a_dimension():
    X = np.random.default_rng(0).normal(5, [1e-3, 1, 1e3], (50, 3))
    X = np.concatenate([X, np.full((50, 1), 7.0)], axis=1)  # a dimension that says nothing
    rows = standardised(X)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0)
    assert not rows[:, 3].any()


def test_the_nearest_are_of_other_groups_and_in_order(monkeypatch):
    angles = np.deg2rad([0, 1, 10, 5, 90, 180, 270])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    monkeypatch.setattr(neighbours, "standardised", lambda X: X.astype(np.float32))
    groups = np.array([0, 0, 1, 2, 3, 4, 5])
    found = nearest_of_other_groups(X, groups, np.array([0, 4]), count=3)
    assert found[0].tolist() == [3, 2, 4]
    assert found[1].tolist() == [2, 3, 1]


def test_where_others_are_few_the_rest_is_nobody():
    X = np.random.default_rng(0).normal(size=(4, 3))
    found = nearest_of_other_groups(X, np.array([0, 0, 0, 1]), np.array([0, 3]), count=5)
    assert found[0].tolist() == [3, *[NOBODY] * 4]
    assert sorted(found[1][:3].tolist()) == [0, 1, 2]
    assert found[1][3:].tolist() == [NOBODY] * 2


def test_chunks_make_no_difference(monkeypatch):
    generator = np.random.default_rng(3)
    X, groups = generator.normal(size=(60, 8)), generator.integers(0, 9, 60)
    whole = nearest_of_other_groups(X, groups, np.arange(60))
    monkeypatch.setattr(neighbours, "CHUNK_CELLS", 100)
    assert np.array_equal(nearest_of_other_groups(X, groups, np.arange(60)), whole)
