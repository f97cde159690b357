import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.class_support import LabeledTrack, class_support, classes_of, untrainable_reason

ROCK, METAL, DEATH_METAL, FOLK_ROCK, OLDIES, JAZZ = range(1, 7)
BROADER = {ROCK: None, METAL: ROCK, DEATH_METAL: METAL, FOLK_ROCK: ROCK, OLDIES: None, JAZZ: None}
NAMES = {ROCK: "Rock", METAL: "Metal"}


def tracks(genre, count, artists):
    return [
        LabeledTrack(genre, f"{genre} artist {at % artists}" if artists else None, f"{genre} album {at % 3}")
        for at in range(count)
    ]


def test_a_genre_with_enough_tracks_by_enough_artists_is_a_class():
    support = class_support([*tracks(JAZZ, 10, 5), *tracks(ROCK, 10, 4), *tracks(OLDIES, 9, 9)], BROADER)
    assert classes_of(support) == (JAZZ,)
    assert support[JAZZ].is_class
    assert support[JAZZ].reason is None
    assert support[ROCK].reason == "10 tracks by 4 artists; needs 5 artists"
    assert support[OLDIES].reason == "9 tracks by 9 artists; needs 10 tracks"


def test_a_rarer_genre_counts_for_its_nearest_broader_class():
    support = class_support(
        [*tracks(ROCK, 20, 8), *tracks(METAL, 12, 6), *tracks(DEATH_METAL, 7, 1), *tracks(FOLK_ROCK, 37, 1)],
        BROADER,
        names=NAMES,
    )
    assert support[DEATH_METAL].counts_for == METAL
    assert support[DEATH_METAL].judged
    assert (
        support[DEATH_METAL].reason == "7 tracks by 1 artist; needs 10 tracks and 5 artists; counts for Metal"
    )
    assert support[FOLK_ROCK].counts_for == ROCK
    assert (support[METAL].own_tracks, support[METAL].tracks, support[METAL].artists) == (12, 19, 7)
    assert support[ROCK].tracks == 57, "a class keeps its tracks and does not hand them on"


def test_a_parent_without_tracks_of_its_own_gathers_those_of_its_rare_children():
    support = class_support([*tracks(METAL, 6, 3), *tracks(FOLK_ROCK, 6, 3)], BROADER)
    assert classes_of(support) == (ROCK,)
    assert support[ROCK].own_tracks == 0
    assert support[ROCK].artists == 6
    assert support[METAL].counts_for == ROCK


def test_a_rare_chain_rolls_up_through_every_level():
    support = class_support([*tracks(DEATH_METAL, 4, 2), *tracks(METAL, 4, 2), *tracks(ROCK, 4, 2)], BROADER)
    assert classes_of(support) == (ROCK,)
    assert support[DEATH_METAL].counts_for == ROCK


def test_where_no_broader_term_is_a_class_the_genre_is_not_judged():
    support = class_support(tracks(DEATH_METAL, 7, 1), BROADER)
    assert set(support) == {DEATH_METAL}
    assert support[DEATH_METAL].counts_for is None
    assert not support[DEATH_METAL].judged
    assert support[DEATH_METAL].reason == "7 tracks by 1 artist; needs 10 tracks and 5 artists"


def test_a_track_without_artist_speaks_for_nobody():
    support = class_support(tracks(JAZZ, 40, 0), BROADER)
    assert support[JAZZ].reason == "40 tracks by no known artist; needs 5 artists"
    assert class_support(tracks(JAZZ, 40, 0), BROADER, minimum_artists=0)[JAZZ].is_class


def test_at_top_level_the_classes_are_top_terms():
    support = class_support([*tracks(METAL, 20, 8), *tracks(JAZZ, 20, 8)], BROADER, level="top")
    assert classes_of(support) == (ROCK, JAZZ)
    assert support[METAL].counts_for == ROCK


def test_two_classes_at_least_or_nothing_can_be_learned():
    assert untrainable_reason({}) == "no track has a genre"
    failed = "3 tracks have a genre, but none of them could be analyzed; see: catalog failures list"
    assert untrainable_reason({}, tagged=3) == failed
    assert untrainable_reason({}, tagged=3, analyzed=3) == "all genres are excluded"
    assert "no genre has enough" in (untrainable_reason(class_support(tracks(JAZZ, 3, 3), BROADER)) or "")
    assert "only one genre" in (untrainable_reason(class_support(tracks(JAZZ, 30, 9), BROADER)) or "")
    assert untrainable_reason(class_support([*tracks(JAZZ, 30, 9), *tracks(ROCK, 30, 9)], BROADER)) is None


def test_without_any_artist_the_way_on_is_named():
    labeled = [*tracks(JAZZ, 40, 0), *tracks(ROCK, 40, 0)]
    assert "--min-artists 0" in (untrainable_reason(class_support(labeled, BROADER)) or "")
    assert untrainable_reason(class_support(labeled, BROADER, minimum_artists=0)) is None


def test_broader_terms_in_a_cycle_are_an_error():
    with pytest.raises(ValueError, match="cycle"):
        class_support(tracks(1, 3, 3), {1: 2, 2: 1})


@given(
    st.lists(
        st.builds(
            LabeledTrack,
            genre_id=st.sampled_from(sorted(BROADER)),
            artist=st.none() | st.sampled_from("abcdefgh"),
            album=st.none() | st.sampled_from("xyz"),
        ),
        max_size=80,
    ),
    st.integers(1, 12),
    st.integers(0, 4),
)
def test_every_track_is_counted_once_by_a_class_or_not_judged(labeled, least_tracks, least_artists):
    support = class_support(labeled, BROADER, minimum_tracks=least_tracks, minimum_artists=least_artists)
    judged = sum(row.own_tracks for row in support.values() if row.judged)
    assert judged == sum(support[genre].tracks for genre in classes_of(support))
    assert sum(row.own_tracks for row in support.values()) == len(labeled)
    for row in support.values():
        assert row.judged == (row.counts_for is not None)
        assert row.is_class == (row.reason is None)
        if row.is_class:
            assert row.tracks >= least_tracks
            assert row.artists >= least_artists
