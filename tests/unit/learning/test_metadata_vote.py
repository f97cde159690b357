import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.prediction.metadata_vote import (
    MajorityTags,
    leave_one_out_majority,
    majority_tags,
    suggestions,
)
from catalog.learning.prediction.predictions import Suggestion

ROCK, METAL, PUNK, HARD_ROCK, JAZZ, SPOKEN = range(1, 7)
BROADER = {ROCK: None, METAL: ROCK, PUNK: ROCK, HARD_ROCK: ROCK, JAZZ: None, SPOKEN: None}


def agreed(genres, *, albums=None, artists=None, **options):
    nobody = [None] * len(genres)
    return majority_tags(genres, albums or nobody, artists or nobody, BROADER, **options)


def test_an_untagged_track_is_answered_from_its_artists_other_tracks():
    assert agreed([JAZZ] * 3 + [0], artists=["a"] * 4) == [
        None,
        None,
        None,
        MajorityTags(JAZZ, "artist", 3, 3),
    ]


def test_two_tracks_are_too_few_and_three_quarters_do_not_agree():
    assert agreed([JAZZ, JAZZ, 0], artists=["a"] * 3)[-1] is None
    assert agreed([JAZZ, JAZZ, JAZZ, ROCK, 0], artists=["a"] * 5)[-1] is None
    assert agreed([JAZZ] * 4 + [ROCK, 0], artists=["a"] * 6)[-1] == MajorityTags(JAZZ, "artist", 4, 5)


def test_the_album_comes_before_the_artist():
    genres = [JAZZ] * 3 + [ROCK] * 30 + [0, 0]
    albums = ["live"] * 3 + ["studio"] * 30 + ["live", "new"]
    found = agreed(genres, albums=albums, artists=["a"] * 35)
    assert found[-2] == MajorityTags(JAZZ, "album", 3, 3)
    assert found[-1] == MajorityTags(ROCK, "artist", 30, 33)


def test_narrower_terms_agree_on_what_is_above_them():
    genres = [HARD_ROCK, HARD_ROCK, METAL, METAL, METAL, 0]
    assert agreed(genres, artists=["a"] * 6)[-1] == MajorityTags(ROCK, "artist", 5, 5)


def test_a_term_that_may_not_be_suggested_is_passed_over():
    genres = [METAL] * 3 + [0]
    assert agreed(genres, artists=["a"] * 4, suggestable={ROCK})[-1] == MajorityTags(ROCK, "artist", 3, 3)
    assert agreed(genres, artists=["a"] * 4, suggestable={JAZZ})[-1] is None


def test_tracks_of_nobody_say_nothing_of_one_another():
    assert agreed([JAZZ] * 5 + [0])[-1] is None


TAGS = st.lists(
    st.tuples(st.sampled_from([ROCK, METAL, JAZZ]), st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1
)


@given(TAGS)
def test_a_tagged_track_left_out_is_answered_as_if_it_had_no_tag(tracks):
    genres, artists, albums = (list(column) for column in zip(*tracks, strict=True))
    found = leave_one_out_majority(range(len(tracks)), genres, albums, artists, BROADER)
    for at, agreement in enumerate(found):
        others = [0 if one == at else genre for one, genre in enumerate(genres)]
        assert agreement == agreed(others, albums=albums, artists=artists)[at]


def test_nobody_and_no_album_agree_on_nothing_for_a_track_left_out():
    assert leave_one_out_majority([0], [JAZZ] * 5, [None] * 5, [None] * 5, BROADER) == [None]


CLASSES = Hierarchy.of([METAL, PUNK, JAZZ], BROADER)
BY_ARTIST = {genre: MajorityTags(genre, "artist", 5, 5) for genre in (ROCK, METAL, JAZZ, SPOKEN)}


def suggested(heard, agreement, probability=(0.9, 0.06, 0.04), shares=(0.3, 0.2, 0.5)):
    return suggestions([heard], [agreement], np.array([probability]), np.array(shares), CLASSES, BROADER)[0]


def test_where_nothing_agrees_the_sound_answers():
    heard = Suggestion(METAL, 0.9, "audio")
    assert suggested(heard, None) is heard
    assert suggested(None, None) is None


@pytest.mark.parametrize("heard", [None, Suggestion(METAL, 0.9, "audio"), Suggestion(ROCK, 0.96, "audio")])
def test_where_the_sound_does_not_object_the_artist_answers(heard):
    assert suggested(heard, BY_ARTIST[METAL]) == Suggestion(METAL, None, "artist")


def test_a_narrower_answer_of_the_sound_is_no_objection():
    assert suggested(Suggestion(METAL, 0.9, "audio"), BY_ARTIST[ROCK]) == Suggestion(ROCK, None, "artist")


def test_where_the_sound_firmly_objects_nothing_is_suggested():
    assert suggested(Suggestion(METAL, 0.9, "audio"), BY_ARTIST[JAZZ]) is None


def test_a_sound_that_allows_for_the_artists_genre_does_not_object():
    heard = Suggestion(METAL, 0.6, "audio")
    assert suggested(heard, BY_ARTIST[JAZZ], (0.6, 0.1, 0.3)) == Suggestion(JAZZ, None, "artist")


def test_two_kinds_of_rock_are_rock():
    agreement = MajorityTags(PUNK, "album", 9, 9)
    heard = Suggestion(METAL, 0.97, "audio")
    assert suggested(heard, agreement, (0.97, 0.01, 0.02)) == Suggestion(ROCK, 0.98, "audio")


def test_the_more_tracks_agree_the_surer_the_sound_must_be_to_object():
    heard, firmly = Suggestion(METAL, 0.96, "audio"), (0.96, 0.02, 0.02)
    assert suggested(heard, MajorityTags(JAZZ, "artist", 3, 3), firmly) is None
    assert suggested(heard, MajorityTags(JAZZ, "artist", 30, 30), firmly) == Suggestion(JAZZ, None, "artist")
    assert suggested(heard, MajorityTags(JAZZ, "artist", 30, 36), firmly) is None


def test_a_genre_that_the_model_says_of_everything_is_a_weak_objection():
    heard, said = Suggestion(METAL, 0.9, "audio"), (0.9, 0.02, 0.08)
    assert suggested(heard, BY_ARTIST[JAZZ], said, (0.2, 0.2, 0.6)) is None
    assert suggested(heard, BY_ARTIST[JAZZ], said, (0.8, 0.1, 0.1)) == Suggestion(JAZZ, None, "artist")


def test_the_sound_cannot_object_to_what_the_model_does_not_know():
    assert suggested(Suggestion(METAL, 0.9, "audio"), BY_ARTIST[SPOKEN]) == Suggestion(SPOKEN, None, "artist")


def test_a_track_that_was_not_heard_is_answered_by_the_artist():
    assert suggested(None, BY_ARTIST[JAZZ], (np.nan,) * 3) == Suggestion(JAZZ, None, "artist")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, *BROADER]), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)
        ),
        max_size=40,
    )
)
def test_only_untagged_tracks_are_answered_and_only_by_four_fifths(tracks):
    genres, albums, artists = ([row[at] for row in tracks] for at in range(3))
    for genre, agreement in zip(genres, agreed(genres, albums=albums, artists=artists), strict=True):
        if agreement is not None:
            assert genre == 0
            assert agreement.tracks >= 3
            assert agreement.agreeing >= 0.8 * agreement.tracks
