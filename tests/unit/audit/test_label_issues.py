import json

import numpy as np
import pytest

from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo
from catalog.audit.labels.label_issues import find_suspects, genre_relation
from catalog.audit.reasons import describe_reason
from catalog.learning.dataset.hierarchy import Hierarchy

ROCK, METAL, PUNK, JAZZ, FOLK, DEATH_METAL, OLDIES = range(1, 8)
BROADER = {ROCK: None, METAL: ROCK, PUNK: ROCK, JAZZ: None, FOLK: None, DEATH_METAL: METAL, OLDIES: None}
NAMES = {1: "Rock", 2: "Metal", 3: "Punk", 4: "Jazz", 5: "Folk", 6: "Death Metal", 7: "Oldies"}
CLASSES = (ROCK, METAL, JAZZ, FOLK)
COUNTS_FOR = {genre: genre for genre in CLASSES} | {PUNK: ROCK, DEATH_METAL: METAL, OLDIES: None}
HIERARCHY = Hierarchy.of(CLASSES, BROADER)
TERMS = GenreInfo(HIERARCHY, BROADER, COUNTS_FOR, NAMES)


def collection(artists=24, each=5, sure=0.85, seed=0):
    """Artists of one class each, their tracks heard rightly; tags by `tags`, to be changed by the test."""
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(artists), each)
    true = groups % len(CLASSES)
    probability = generator.dirichlet(np.ones(len(CLASSES)), len(true)) * (1 - sure)
    probability[np.arange(len(true)), true] += sure
    vectors = generator.normal(0, 1, (len(CLASSES), 16))[true] + generator.normal(0, 0.3, (len(true), 16))
    return probability, true, groups, vectors


def judge(probability, y, groups, vectors=None, *, tags=None, artists=None):
    tags = tags or [(CLASSES[column],) for column in y]
    artists = artists or [f"artist {group}" for group in groups]
    return AuditedTracks(probability, np.asarray(y), tags, groups, artists, vectors)


def test_where_tag_and_sound_agree_nothing_is_doubted():
    probability, true, groups, vectors = collection()
    assert find_suspects(judge(probability, true, groups, vectors), TERMS) == []
    empty = judge(probability[:0], true[:0], groups[:0])
    assert find_suspects(empty, TERMS) == []


@pytest.mark.parametrize("seed", range(4))
def test_labels_changed_by_hand_are_among_the_first(seed):
    probability, true, groups, vectors = collection(sure=0.5, seed=seed)
    generator = np.random.default_rng(seed)
    changed = generator.choice(len(true), 4, replace=False)
    y = true.copy()
    y[changed] = (y[changed] + generator.integers(2, 4, 4)) % 4
    y[changed] = np.where(
        (true[changed] == 1) & (y[changed] == 0), 2, y[changed]
    )  # Rock for Metal is not wrong
    suspects = find_suspects(judge(probability, y, groups, vectors), TERMS)
    doubts = [suspect.row for suspect in suspects if suspect.relation != "narrower"]
    assert len(set(doubts[:8]) & set(changed.tolist())) >= 3
    assert all(0 < suspect.suspicion < 1 for suspect in suspects)
    assert sorted(suspects, key=lambda one: -one.suspicion) == suspects


def one_wrong(tag, probability_of, seed=0, each=5):
    """A collection whose first track has this tag, these probabilities and a vector to match; the suspects at it."""
    probability, true, groups, vectors = collection(each=each, seed=seed)
    vectors[0] = vectors[true == np.argmax(probability_of)].mean(axis=0)
    probability[0] = probability_of
    y = true.copy()
    y[0] = CLASSES.index(COUNTS_FOR[tag])
    tags = [(CLASSES[column],) for column in y]
    tags[0] = (tag,)
    suspects = find_suspects(judge(probability, y, groups, vectors, tags=tags), TERMS, least=0.0)
    return [suspect for suspect in suspects if suspect.row == 0]


def described(suspect):
    return [describe_reason(reason, NAMES) for reason in suspect.reasons]


def test_reasons_are_numbers_and_become_sentences():
    [suspect] = one_wrong(FOLK, [0.81, 0.09, 0.06, 0.04])  # artist 0 is Rock
    assert (suspect.genre_id, suspect.suggested_genre_id, suspect.relation) == (FOLK, ROCK, "different")
    assert described(suspect)[:4] == [
        "Predicted Rock (81\xa0%); the tag Folk gets 4\xa0%",
        "The artist's 5 tracks together are predicted Rock rather than Folk",
        "4 of the artist's 4 other tracks are tagged Rock",
        "10 of the 10 most similar tracks by other artists are tagged Rock or a kind of Rock",
    ]
    assert json.loads(json.dumps(suspect.reasons))[0]["probability"] == 0.81


def test_heard_as_a_narrower_term_is_no_doubt_but_narrower_suggestions():
    [suspect] = one_wrong(ROCK, [0.04, 0.9, 0.03, 0.03])
    assert suspect.relation == "narrower"
    assert suspect.suggested_genre_id == METAL


def test_heard_as_a_broader_term_is_a_doubt():
    [suspect] = one_wrong(METAL, [0.88, 0.04, 0.04, 0.04])
    assert suspect.relation == "broader"


def test_the_probability_of_a_tag_is_that_of_its_subtree():
    # Folk is likelier than Rock alone and than Metal alone, and not than both.
    assert one_wrong(ROCK, [0.3, 0.25, 0.0, 0.45]) == []


def test_a_rarer_tag_is_judged_by_the_class_it_counts_for():
    [suspect] = one_wrong(DEATH_METAL, [0.05, 0.05, 0.88, 0.02], each=1)
    assert suspect.genre_id == DEATH_METAL
    assert suspect.suggested_genre_id == JAZZ
    assert one_wrong(DEATH_METAL, [0.05, 0.88, 0.05, 0.02], each=1) == []
    # Not known to lie below Punk, though below the class that Punk counts for.
    assert one_wrong(PUNK, [0.05, 0.9, 0.03, 0.02]) == []


def test_of_several_tags_the_nearest_counts():
    probability, true, groups, vectors = collection()
    tags: list[tuple[int, ...]] = [(CLASSES[column],) for column in true]
    y = true.copy()
    y[0] = 3
    for second, doubted in (((FOLK, ROCK), False), ((FOLK, JAZZ), True), ((FOLK, OLDIES), True)):
        tags[0] = second
        suspects = find_suspects(judge(probability, y, groups, vectors, tags=tags), TERMS)
        assert [suspect.row for suspect in suspects] == ([0] if doubted else [])


def test_a_tag_that_is_no_class_covers_the_classes_below_it():
    probability, true, groups, vectors = collection()
    world = 8
    broader = BROADER | {world: None, ROCK: world}
    terms = GenreInfo(
        Hierarchy.of(CLASSES, broader), broader, COUNTS_FOR | {world: None}, NAMES | {world: "World"}
    )
    y = true.copy()
    y[0] = 3
    tags: list[tuple[int, ...]] = [(CLASSES[column],) for column in true]
    tags[0] = (FOLK, world)
    assert find_suspects(judge(probability, y, groups, vectors, tags=tags), terms) == []
    tags[0] = (FOLK, OLDIES)
    doubted = find_suspects(judge(probability, y, groups, vectors, tags=tags), terms)
    assert [suspect.genre_id for suspect in doubted] == [FOLK]


def test_a_genre_that_may_not_be_suggested_is_not():
    probability, true, groups, _ = collection()
    y = true.copy()
    y[0] = 3
    terms = GenreInfo(HIERARCHY, BROADER, COUNTS_FOR, NAMES, suggestable={METAL, JAZZ, FOLK})
    suspects = find_suspects(judge(probability, y, groups), terms, least=0.0)
    assert all(suspect.suggested_genre_id != ROCK for suspect in suspects)


def test_an_artist_who_alone_fills_a_class_is_not_doubted_on_a_model_that_never_heard_its_like():
    probability, true, groups, vectors = collection(artists=40)
    y, heard = true.copy(), probability.copy()
    # Folk is this one artist's forty tracks and four artists' single ones, and nobody's Folk is ever recognized.
    heard[true == 3] = probability[0]
    lone, more = groups[true == 3][0], 40
    heard = np.concatenate([heard, np.tile(probability[0], (more, 1))])
    y = np.concatenate([y, np.full(more, 3)])
    groups = np.concatenate([groups, np.full(more, lone)])
    vectors = np.concatenate([vectors, vectors[:1] + np.random.default_rng(0).normal(0, 0.3, (more, 16))])
    # One real error among the others, by a model that knows Jazz from Rock.
    wrong = int(np.flatnonzero(true == 2)[0])
    y[wrong] = 0
    suspects = find_suspects(judge(heard, y, groups, vectors), TERMS)
    assert suspects[0].row == wrong
    assert sum(suspect.suspicion > 0.5 for suspect in suspects) <= 3


def test_without_vectors_and_artists_the_sound_decides_alone():
    probability, true, groups, _ = collection()
    y = true.copy()
    y[0] = 3
    judged = judge(probability, y, groups, artists=[None] * len(y))
    [suspect] = find_suspects(judged, TERMS)
    assert [reason["kind"] for reason in suspect.reasons] == ["prediction"]


def test_the_artists_agreement_with_the_tag_is_said_and_does_not_save_it():
    probability, true, groups, _ = collection()
    y = true.copy()
    y[groups == 0] = 3  # all of a Rock artist's tracks are tagged Folk
    suspects = find_suspects(judge(probability, y, groups), TERMS)
    assert {suspect.row for suspect in suspects} == set(np.flatnonzero(groups == 0).tolist())
    assert described(suspects[0])[2] == "However, 4 of the artist's 4 other tracks are also tagged Folk"


def test_a_whole_artist_is_doubted_by_what_his_tracks_say_together():
    # Rock tagged Folk throughout: half of the tracks sound like Folk by themselves, the others clearly like Rock.
    probability, true, groups, _ = collection(each=8)
    y, artist = true.copy(), groups == 0
    y[artist] = 3
    probability[artist] = [[0.94, 0.02, 0.02, 0.02], [0.38, 0.02, 0.02, 0.58]] * 4

    def doubts(artists):
        found = find_suspects(judge(probability, y, groups, artists=artists), TERMS, least=0.0)
        return {one.row: one.suspicion for one in found if one.suggested_genre_id == ROCK}

    together = doubts([f"artist {group}" for group in groups])
    assert sorted(together) == np.flatnonzero(artist).tolist(), "each once"
    assert min(together.values()) > 0.35
    suspects = find_suspects(judge(probability, y, groups), TERMS)
    first = {one.row: described(one)[0] for one in suspects}
    assert first[0] == "Predicted Rock (94\xa0%); the tag Folk gets 2\xa0%"
    assert first[1] == "The artist's 8 tracks together are predicted Rock rather than Folk"
    alone = doubts([None] * len(groups))
    assert not any(row % 2 for row in alone), "half of them would not be doubted by themselves"


def test_one_wrong_track_does_not_make_its_artist_wrong():
    probability, true, groups, vectors = collection(each=8)
    y = true.copy()
    y[0] = 3
    probability[0] = [0.9, 0.02, 0.02, 0.06]
    suspects = find_suspects(judge(probability, y, groups, vectors), TERMS)
    assert [one.row for one in suspects] == [0]


def test_the_list_ends_where_it_is_told_to():
    probability, true, groups, vectors = collection()
    y = (true + 2) % 4
    assert len(find_suspects(judge(probability, y, groups, vectors), TERMS, least=0.0, most=7)) <= 7


@pytest.mark.parametrize(
    ("suggested", "tags", "expected"),
    [
        (ROCK, [METAL], "broader"),
        (METAL, [ROCK], "narrower"),
        (METAL, [PUNK], "sibling"),
        (JAZZ, [FOLK], "different"),
        (METAL, [JAZZ, ROCK], "narrower"),
        (ROCK, [JAZZ, DEATH_METAL], "broader"),
    ],
)
def test_relation(suggested, tags, expected):
    assert genre_relation(suggested, tags, BROADER) == expected
