import tracemalloc

import numpy as np

from catalog.similarity import nearest as nearest_module
from catalog.similarity import scale as scale_module
from catalog.similarity.nearest import NO_NEIGHBOR, nearest_of_other_groups, nearest_tracks


def test_the_nearest_are_of_other_groups_and_in_order(monkeypatch):
    angles = np.deg2rad([0, 1, 10, 5, 90, 180, 270])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    monkeypatch.setattr(nearest_module, "moments", lambda _: (np.zeros(2), np.ones(2)))
    groups = np.array([0, 0, 1, 2, 3, 4, 5])
    found = nearest_of_other_groups(X, groups, np.array([0, 4]), count=3)
    assert found[0].tolist() == [3, 2, 4]
    assert found[1].tolist() == [2, 3, 1]


def test_rows_with_few_candidates_are_filled_up():
    X = np.random.default_rng(0).normal(size=(4, 3))
    found = nearest_of_other_groups(X, np.array([0, 0, 0, 1]), np.array([0, 3]), count=5)
    assert found[0].tolist() == [3, *[NO_NEIGHBOR] * 4]
    assert sorted(found[1][:3].tolist()) == [0, 1, 2]
    assert found[1][3:].tolist() == [NO_NEIGHBOR] * 2


def test_chunks_make_no_difference(monkeypatch):
    generator = np.random.default_rng(3)
    X, groups = generator.normal(size=(60, 8)), generator.integers(0, 9, 60)
    whole = nearest_of_other_groups(X, groups, np.arange(60))
    monkeypatch.setattr(nearest_module, "CHUNK_CELLS", 100)
    monkeypatch.setattr(nearest_module, "QUERIES_AT_ONCE", 7)
    assert np.array_equal(nearest_of_other_groups(X, groups, np.arange(60)), whole)


def test_several_groupings_in_one_pass():
    generator = np.random.default_rng(3)
    X, groups = generator.normal(size=(60, 8)), generator.integers(0, 9, 60)
    alone, asked = np.arange(60), np.array([5, 50, 7])
    both = nearest_tracks(X, [groups, alone], asked)
    for found, apart in zip(both, (groups, alone), strict=True):
        assert np.array_equal(found, nearest_of_other_groups(X, apart, asked))
    assert not (both[1] == asked[:, None]).any()


def test_all_vectors_are_not_copied_to_be_looked_through(monkeypatch):
    monkeypatch.setattr(scale_module, "CHUNK_ROWS", 500)
    monkeypatch.setattr(nearest_module, "CHUNK_CELLS", 50_000)
    X = np.random.default_rng(5).normal(size=(20_000, 50)).astype(np.float32)
    tracemalloc.start()
    try:
        nearest_of_other_groups(X, np.arange(20_000), np.arange(100))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < X.nbytes / 2
