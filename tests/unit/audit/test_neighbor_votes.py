import numpy as np
import pytest

from catalog.audit.labels.neighbor_votes import NeighborVotes, VoteCounts, others_of_artist

Y = np.array([0, 0, 1, 1, 0], dtype=np.int64)
FOR_CHOICE = np.array([[False, True]])
FOR_TAG = np.array([[True, False]])
FIRST = np.array([0], dtype=np.int64)


def test_other_tracks_of_the_artist_are_counted_without_the_track_itself():
    votes = others_of_artist(["a", "a", "a", "a", "b"], Y, FIRST, FOR_CHOICE, FOR_TAG)
    assert (votes.of.tolist(), votes.for_choice.tolist(), votes.for_tag.tolist()) == ([3], [2], [1])


def test_an_unknown_artist_has_no_other_tracks():
    votes = others_of_artist([None] * 5, Y, FIRST, FOR_CHOICE, FOR_TAG)
    assert votes.of.tolist() == [0]
    assert votes.log_odds(np.array([0.5]), np.array([0.5])).tolist() == [0.0]


def test_log_odds_are_smoothed_by_the_usual_shares():
    votes = VoteCounts(np.array([4]), np.array([3]), np.array([1]))
    expected = np.log(3.5 / 1.25)
    assert votes.log_odds(np.array([0.5]), np.array([0.25]))[0] == pytest.approx(expected)


def test_neighbors_are_counted_from_other_groups_only():
    generator = np.random.default_rng(0)
    vectors = generator.normal(0, 0.1, (5, 4)).astype(np.float32)
    near = NeighborVotes.of(vectors, np.array([0, 0, 1, 2, 3]), FIRST)
    votes = near.count(FIRST, Y, FOR_CHOICE, FOR_TAG)
    assert (votes.of.tolist(), votes.for_choice.tolist(), votes.for_tag.tolist()) == ([3], [2], [1])


def test_without_vectors_no_track_is_isolated():
    near = NeighborVotes.of(None, np.arange(5), FIRST)
    assert near.isolated_tags(FIRST, Y).tolist() == [False]
    assert near.count(FIRST, Y, FOR_CHOICE, FOR_TAG).of.tolist() == [0]


def test_a_tag_without_similar_tracks_is_isolated():
    generator = np.random.default_rng(1)
    centers = np.repeat([[0.0] * 4, [9.0] * 4], [12, 12], axis=0)
    vectors = (centers + generator.normal(0, 0.1, (24, 4))).astype(np.float32)
    tags = np.repeat([1, 2], 12)
    tags[0] = 2
    near = NeighborVotes.of(vectors, np.arange(24), np.array([0, 1]))
    assert near.isolated_tags(np.array([0, 1]), tags).tolist() == [True, False]
