from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.report.common_reasons import MOST_REASONS, common_reasons

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["audio", "neighbors", "x"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["kind", "words", "genre", "tagged", "probability", "tracks"]), inner
        )
    ),
    max_leaves=12,
)


def reasons(probability: float, agreeing: int) -> list[dict[str, object]]:
    return [
        {
            "kind": "audio",
            "genre": "Rock",
            "probability": probability,
            "tagged": "Metal",
            "tagged_probability": 0.1,
            "words": f"heard as Rock with {probability:.2f}; its tag Metal gets 0.10",
        },
        {
            "kind": "neighbors",
            "genre": "Rock",
            "tracks": agreeing,
            "of": 10,
            "words": f"{agreeing} of its 10",
        },
        {"kind": "artist", "words": "3 of the artist's 3 other tracks are tagged Rock"},
    ]


def test_one_track_keeps_its_sentences():
    assert common_reasons([reasons(0.8, 9)])[0] == "heard as Rock with 0.80; its tag Metal gets 0.10"


def test_several_tracks_are_summed_up():
    assert common_reasons([reasons(0.8, 9), reasons(0.6, 7), reasons(0.9, 8)]) == (
        "typically heard as Rock with 0.80; the tag Metal gets 0.10",
        "24 of the 30 nearest neighbors by other artists are Rock",
        "3 of the artist's 3 other tracks are tagged Rock",
    )


def test_of_plain_sentences_the_commonest_are_kept():
    assert common_reasons([["a", "b"], ["b"], ["b", "c"]])[0] == "b"


@given(st.lists(JSON, max_size=4))
def test_reasons_of_any_shape_are_a_few_sentences(tracks):
    found = common_reasons(tracks)
    assert len(found) <= MOST_REASONS
    assert all(isinstance(sentence, str) and sentence for sentence in found)
