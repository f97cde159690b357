import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.groups import Origin, connected_groups


def test_the_same_artist_is_one_group_in_order_of_appearance():
    groups = connected_groups([Origin(("b",)), Origin(("a",)), Origin(("b",))])
    assert groups.number.tolist() == [0, 1, 0]
    assert groups.largest == 2
    assert groups.without_artist_share == 0


def test_an_album_artist_connects_too():
    tracks = [Origin(("ozzy", "black sabbath")), Origin(("black sabbath",)), Origin(("ozzy",))]
    assert connected_groups(tracks).number.tolist() == [0, 0, 0]


def test_equal_audio_connects_two_artists_and_all_their_tracks():
    tracks = [
        Origin(("a",), audio_hash=b"1"),
        Origin(("b",), audio_hash=b"1"),
        Origin(("b",)),
        Origin(("c",)),
    ]
    assert connected_groups(tracks).number.tolist() == [0, 0, 0, 1]


def test_near_duplicates_connect():
    assert connected_groups([Origin(("a",)), Origin(("b",))], alike=[(0, 1)]).number.tolist() == [0, 0]


def test_without_an_artist_the_album_or_else_the_folder_connects():
    tracks = [
        Origin(album="x", folder="f"),
        Origin(album="x"),
        Origin(folder="f"),
        Origin(folder="f"),
        Origin(),
    ]
    groups = connected_groups(tracks)
    assert groups.number.tolist() == [0, 0, 1, 1, 2]
    assert groups.without_artist_share == 1


def test_a_track_without_artist_goes_with_the_one_artist_of_its_album():
    tracks = [Origin(("a",), album="x"), Origin(album="x"), Origin(("a",))]
    assert connected_groups(tracks).number.tolist() == [0, 0, 0]


def test_a_compilation_does_not_chain_its_artists():
    tracks = [Origin(("a",), album="x"), Origin(("b",), album="x"), Origin(album="x"), Origin(album="x")]
    assert connected_groups(tracks).number.tolist() == [0, 1, 2, 2]


def test_nothing_has_no_groups():
    groups = connected_groups([])
    assert groups.largest == 0
    assert groups.number.size == 0


@given(
    st.lists(
        st.builds(
            Origin,
            artists=st.lists(st.sampled_from("abcd"), max_size=2).map(tuple),
            album=st.none() | st.sampled_from("xy"),
            folder=st.none() | st.sampled_from("fg"),
            audio_hash=st.none() | st.sampled_from([b"1", b"2"]),
        ),
        max_size=25,
    )
)
def test_what_shares_an_artist_or_audio_shares_the_group(tracks):
    groups = connected_groups(tracks)
    assert groups.sizes.sum() == len(tracks)
    assert np.array_equal(np.unique(groups.number), np.arange(groups.sizes.size))
    for at, one in enumerate(tracks):
        for other_at, other in enumerate(tracks):
            if set(one.artists) & set(other.artists) or (
                one.audio_hash is not None and one.audio_hash == other.audio_hash
            ):
                assert groups.number[at] == groups.number[other_at]
