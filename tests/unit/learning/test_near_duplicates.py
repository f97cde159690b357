import numpy as np
import pytest

from catalog.learning import near_duplicates as module
from catalog.learning.near_duplicates import near_duplicates


def recordings(count=40, dimensions=30, seed=0):
    generator = np.random.default_rng(seed)
    X = (generator.normal(0, 1, (count, dimensions)) + 5).astype(np.float32)
    return X, generator.uniform(100, 300, count)


def test_another_encoding_of_the_same_length_is_found():
    X, seconds = recordings()
    X[31] = X[4] + np.random.default_rng(1).normal(0, 0.005, 30)
    seconds[31] = seconds[4] + 0.4
    assert [set(pair) for pair in near_duplicates(X, seconds.tolist())] == [{4, 31}]


def test_another_length_or_none_or_nothing_in_the_vector_is_no_duplicate():
    X, seconds = recordings()
    X[31] = X[4]
    assert near_duplicates(X, seconds.tolist()) == []
    assert near_duplicates(X, [None] * 40) == []
    assert near_duplicates(np.ones((3, 5), dtype=np.float32), [1.0, 1.0, 1.0]) == []
    assert near_duplicates(X[:1], [1.0]) == []


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_parts_do_not_lose_a_pair(monkeypatch, chunk):
    X, seconds = recordings()
    X[20:40] = X[:20]
    seconds[20:40] = seconds[:20]
    monkeypatch.setattr(module, "CHUNK", chunk)
    assert {tuple(sorted(pair)) for pair in near_duplicates(X, seconds.tolist())} == {
        (at, at + 20) for at in range(20)
    }


def test_dimensions_that_do_not_vary_make_nothing_alike():
    X, seconds = recordings(72)
    X[31] = X[4] + np.random.default_rng(1).normal(0, 0.35, 30)  # alike by 0.95
    seconds[31] = seconds[4]
    silent = np.random.default_rng(2).normal(0, 0.1, 300).astype(np.float32)
    assert near_duplicates(X, seconds.tolist()) == []
    assert near_duplicates(np.hstack([X, np.tile(silent, (72, 1))]), seconds.tolist()) == []
