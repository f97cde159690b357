import numpy as np
import pytest

from catalog.similarity import duplicates
from catalog.similarity.duplicates import (
    Pair,
    connected_tracks,
    genres_differ,
    near_duplicate_pairs,
    same_audio_pairs,
)

ROCK, METAL, JAZZ = 1, 2, 3
ABOVE = {ROCK: (ROCK,), METAL: (METAL, ROCK), JAZZ: (JAZZ,)}


def test_equal_audio_is_paired_with_the_first_that_has_it():
    pairs = same_audio_pairs([1, 2, 3, 4, 5], ["a", None, "a", None, "a"])
    assert [(pair.track_id, pair.other_track_id) for pair in pairs] == [(1, 3), (1, 5)]
    assert {pair.kind for pair in pairs} == {"same_audio"}
    assert connected_tracks(pairs) == [[1, 3, 5]]


@pytest.fixture
def encoded():
    """Forty recordings, the last three being others of the first two in another encoding, one of another length."""
    random = np.random.default_rng(0)
    X = random.normal(0, 1, (43, 30)).astype(np.float32)
    X[40:] = X[[0, 1, 0]] + random.normal(0, 0.02, (3, 30))
    return np.arange(43) + 100, X, [200.0] * 40 + [200.4, 205.0, 199.8]


@pytest.mark.parametrize("exact_up_to", [30_000, 5])
def test_what_sounds_and_lasts_the_same_is_nearly_the_same(encoded, exact_up_to, monkeypatch):
    monkeypatch.setattr(duplicates, "EXACT_UP_TO", exact_up_to)
    pairs = near_duplicate_pairs(*encoded)
    assert [(pair.track_id, pair.other_track_id) for pair in pairs] == [(100, 140), (100, 142), (140, 142)]
    assert all(0.98 <= pair.similarity <= 1 for pair in pairs)
    assert connected_tracks(pairs) == [[100, 140, 142]]


@pytest.mark.parametrize("exact_up_to", [30_000, 5])
def test_a_few_numbers_are_no_sign_of_a_copy(exact_up_to, monkeypatch):
    monkeypatch.setattr(duplicates, "EXACT_UP_TO", exact_up_to)
    X = np.random.default_rng(0).normal(0, 1, (300, 3)).astype(np.float32)
    X[7] = X[3]
    found = {
        (pair.track_id, pair.other_track_id) for pair in near_duplicate_pairs(np.arange(300), X, [30.0] * 300)
    }
    assert (3, 7) in found
    assert len(found) <= 10, "three are expected; of a fixed cosine, 450"


def test_the_same_audio_is_compared_once(encoded):
    ids, X, lengths = encoded
    known = [Pair(100, 140, "same_audio", 1.0)]
    assert [
        (pair.track_id, pair.other_track_id) for pair in near_duplicate_pairs(ids, X, lengths, known)
    ] == [(100, 142)]


@pytest.mark.parametrize("exact_up_to", [30_000, 5])
def test_a_track_without_a_length_changes_nothing_for_the_others(encoded, exact_up_to, monkeypatch):
    monkeypatch.setattr(duplicates, "EXACT_UP_TO", exact_up_to)
    ids, X, lengths = encoded
    pairs = near_duplicate_pairs(ids, X, [None, *lengths[1:]])
    assert [(pair.track_id, pair.other_track_id) for pair in pairs] == [(140, 142)]


def test_tracks_without_a_length_are_nobodys_duplicates(encoded):
    ids, X, _ = encoded
    assert near_duplicate_pairs(ids, X, [None] * len(ids)) == []
    assert near_duplicate_pairs(ids[:1], X[:1], [1.0]) == []


def test_the_largest_group_comes_first():
    pairs = [Pair(1, 2, "nearly_same", 0.99), Pair(5, 7, "nearly_same", 0.99), Pair(7, 9, "same_audio", 1.0)]
    assert connected_tracks(pairs) == [[5, 7, 9], [1, 2]]


@pytest.mark.parametrize(
    ("one", "two", "differ"),
    [([ROCK], [JAZZ], True), ([ROCK], [METAL], False), ([METAL], [ROCK], False), ([ROCK], [], False)],
)
def test_a_broader_genre_is_no_other_one(one, two, differ):
    assert genres_differ(one, two, ABOVE) == differ


def test_one_genre_in_common_is_enough():
    assert not genres_differ([JAZZ, METAL], [METAL], ABOVE)
