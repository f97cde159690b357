import numpy as np
import pytest

from catalog.similarity import near_duplicates as module
from catalog.similarity.near_duplicates import agreeing_pairs, least_cosine, near_duplicates


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


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_a_few_numbers_do_not_make_different_recordings_alike(dimensions):
    X, _ = recordings(300, dimensions)
    seconds = [30.0] * 300
    by_chance = len(cosines(X)[cosines(X) >= 0.98])
    assert by_chance > 10, "what a fixed threshold would take for copies"
    assert len(near_duplicates(X, seconds)) <= 10, "three are expected"


def test_an_exact_copy_is_found_among_three_numbers_too():
    X, seconds = recordings(60, 3)
    X[31] = X[4]
    seconds[31] = seconds[4]
    assert [set(pair) for pair in near_duplicates(X, seconds.tolist())] == [{4, 31}]


def test_where_everything_is_there_twice_the_copies_are_found():
    X, _ = recordings(100)
    X[50:] = X[:50] + np.random.default_rng(1).normal(0, 0.05, (50, 30))
    assert {tuple(sorted(pair)) for pair in near_duplicates(X, [30.0] * 100)} == {
        (at, at + 50) for at in range(50)
    }


def test_the_least_cosine_is_what_chance_comes_to_on_the_sphere():
    # Of pairs of points on the sphere in three dimensions (1 - c) / 2 have a cosine of c or more (Archimedes).
    X, _ = recordings(2000, 3)
    rows = X - X.mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    compared = 200_000
    assert (1 - least_cosine(rows, compared)) / 2 * compared / 2000 == pytest.approx(0.01, rel=0.5)
    assert least_cosine(rows[:10], compared) == 0.0
    assert least_cosine(rows, 0) == 0.0


def test_agreeing_lengths_are_counted_as_they_are_compared():
    length = np.array([1.0, 1.5, 2.0, 2.4, 9.0])
    assert agreeing_pairs(length, 1.0) == 5
    assert agreeing_pairs(length, 1.0, most=1) == 3


def cosines(X):
    rows = (X - X.mean(axis=0)) / X.std(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows @ rows.T)[np.triu_indices(len(X), 1)]
