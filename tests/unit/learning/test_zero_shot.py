import numpy as np
import pytest

from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.genres.seeds import seeds
from catalog.learning.fitting.abstention import NOTHING
from catalog.learning.fitting.musicnn_tag_map import tag_map
from catalog.learning.fitting.zero_shot import ZeroShot, default_candidates, named_candidates

IDS = {seed.name: number for number, seed in enumerate(seeds(), 1)}
NAMES = {number: name for name, number in IDS.items()}
BROADER = {IDS[seed.name]: IDS[seed.parent] if seed.parent else None for seed in seeds()}
ENTRIES = {name: IDS[name] for name in tag_map().genres}


def named(*names):
    return named_candidates([IDS[name] for name in names], ENTRIES, BROADER)


def vector(**lifts):
    """A `musicnn` vector of music at large in which the named tags of the first network are so many times likelier."""
    reference = tag_map().reference
    values = [reference.get(name, 0.0) for name in dimension_names()]
    for tag, lift in lifts.items():
        at = dimension_names().index(f"msd.tag.{tag.replace('_', ' ')}")
        values[at] = min(values[at] * lift, 0.99)
    return np.array(values, dtype=np.float32)


def said(model, X):
    node = model.select(model.probability(X)).node
    return [None if at == NOTHING else NAMES[model.hierarchy.nodes[at]] for at in node]


def test_a_tag_of_its_own_is_heard():
    model = ZeroShot.among(default_candidates(ENTRIES), BROADER)
    X = np.stack([vector(jazz=8), vector(country=30), vector(blues=8)])
    assert said(model, X) == ["Jazz", "Country", "Blues"]
    probability = model.probability(X)
    assert (probability.sum(axis=1) < 1.0).all(), "some is left for none of them"


def test_one_alone_gets_the_answer_it_gets_among_others():
    model = ZeroShot.among(default_candidates(ENTRIES), BROADER)
    generator = np.random.default_rng(0)
    X = generator.uniform(0, 1, (50, 500)).astype(np.float32)
    together = model.probability(X)
    alone = np.concatenate([model.probability(X[at : at + 1]) for at in range(50)])
    assert np.allclose(together, alone)


def test_music_at_large_is_answered_with_nothing():
    model = ZeroShot.among(named("Jazz", "Blues", "Country"), BROADER)
    assert said(model, vector()[None]) == [None]


def test_between_two_kinds_of_rock_the_answer_is_rock():
    model = ZeroShot.among(named("Punk", "Metal", "Jazz"), BROADER)
    assert said(model, vector(punk=1.6, metal=2.8)[None]) == ["Rock"]


def test_a_genre_without_tags_is_heard_by_its_broader_term():
    candidates = named("Death Metal", "Jazz")
    assert candidates.evidence == {IDS["Death Metal"]: "Metal", IDS["Jazz"]: "Jazz"}
    assert candidates.merged_into == {}


def test_genres_heard_by_the_same_tags_cannot_be_told_apart():
    candidates = named("Death Metal", "Black Metal", "Jazz")
    assert candidates.evidence == {IDS["Metal"]: "Metal", IDS["Jazz"]: "Jazz"}
    assert candidates.merged_into == {IDS["Death Metal"]: IDS["Metal"], IDS["Black Metal"]: IDS["Metal"]}


def test_a_genre_that_no_tag_speaks_for_is_named():
    candidates = named("Spoken", "Jazz", "Jazz")
    assert candidates.unmapped == (IDS["Spoken"],)
    assert set(candidates.evidence) == {IDS["Jazz"]}
    with pytest.raises(ValueError, match="no tag indicates"):
        ZeroShot.among(named("Spoken"), BROADER)


def test_a_vocabulary_that_lost_a_term_loses_the_candidate_only():
    entries = {name: number for name, number in ENTRIES.items() if name != "Jazz"}
    defaults = default_candidates(entries)
    assert IDS["Jazz"] not in defaults.evidence
    assert IDS["Blues"] in defaults.evidence
