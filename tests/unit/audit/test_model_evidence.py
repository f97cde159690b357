import numpy as np
import pytest

from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo
from catalog.audit.labels.model_evidence import FLOOR, artist_numbers, combine_evidence
from catalog.learning.dataset.hierarchy import Hierarchy

ROCK, METAL, JAZZ = 1, 2, 3
BROADER = {ROCK: None, METAL: ROCK, JAZZ: None}
GENRES = GenreInfo(Hierarchy.of((ROCK, METAL, JAZZ), BROADER), BROADER, {}, {})


def weigh(probability, artists, **more):
    y = np.zeros(len(probability), dtype=np.int64)
    return combine(np.array(probability), y, np.arange(len(y)), artists, None, **more)


def combine(probability, y, groups, artists, vectors, further=()):
    tags = [[ROCK]] * len(y)
    return combine_evidence(AuditedTracks(probability, y, tags, groups, artists, vectors, further), GENRES)


def test_the_artists_tracks_speak_together_and_those_of_nobody_do_not():
    said = [[0.6, 0.2, 0.2], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]]
    sound = weigh(said, ["a", "a", "a", None])
    assert sound.alone[0, 2] > sound.alone[0, 0]  # by itself it would be Rock
    assert sound.tracks.tolist() == [3, 3, 3, 1]
    assert sound.together[3] / sound.together_weight == pytest.approx(np.log(said[3]), abs=1e-6)
    assert weigh(said, [None] * 4).alone[0].argmax() == 0


def test_a_term_is_as_likely_as_all_below_it():
    sound = weigh([[0.3, 0.3, 0.4]], ["a"])
    assert sound.alone[0].argmax() == 2
    assert sound.subtree[0].argmax() == 0
    assert sound.subtree[0, 1] == sound.alone[0, 1]


def test_nothing_is_said_with_more_certainty_than_the_floor_allows():
    sound = weigh([[1.0, 0.0, 0.0]], [None])
    assert sound.together[0] / sound.together_weight == pytest.approx([0.0, np.log(FLOOR), np.log(FLOOR)])


def test_another_feature_set_is_heard():
    generator = np.random.default_rng(0)
    y = np.arange(60) % 3
    vectors = np.eye(3)[y] * 5 + generator.normal(0, 1, (60, 3))
    flat = np.full((60, 3), 1 / 3)
    sound = combine(flat, y, np.arange(60) // 3, [None] * 60, None, [vectors])
    assert (sound.alone.argmax(axis=1) == y).mean() > 0.9


def test_of_a_whole_artist_only_those_speak_who_do_not_know_him():
    generator = np.random.default_rng(0)
    y = np.arange(60) % 3
    vectors, said = generator.normal(0, 1, (60, 3)), generator.dirichlet(np.ones(3), 60)
    artists = [f"artist {at // 6}" for at in range(60)]
    groups = np.arange(60) // 6
    alone = combine(said, y, groups, artists, None)
    known = combine(said, y, groups, artists, vectors)
    assert np.array_equal(alone.together, known.together)
    assert not np.allclose(alone.alone, known.alone)
    further = combine(said, y, groups, artists, vectors, [vectors])
    assert alone.together_weight == known.together_weight == further.together_weight / 2
    assert not np.allclose(further.together, known.together)
    assert known.weight == pytest.approx(1.4)


def test_artists_are_numbered_and_each_track_of_nobody_by_itself():
    assert artist_numbers(["a", None, "a", None, 0]).tolist() == [0, 1, 0, 2, 3]
